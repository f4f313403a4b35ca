//! The process that listens at a TCP port, read from `/proc` without a connection.

use std::fs;

use super::System;

/// The longest table of connections that is read, in bytes.
const LONGEST_TABLE: u64 = 64 << 20;

/// A process that listens.
pub(super) struct Owner {
    /// Its name, as the kernel has it.
    pub(super) name: String,
    /// Its number.
    pub(super) process: u32,
}

/// The owner of this port: `None` if it is free, `Some(None)` if this user can't see the process.
pub(super) fn listener(system: &System, port: u16) -> Option<Option<Owner>> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let inode = tables.iter().find_map(|table| {
        let table = vmyna_files::read_text(&system.path(table), LONGEST_TABLE).ok()?;
        table.lines().skip(1).find_map(|line| listening(line, port))
    })?;
    Some(owner(system, &inode))
}

/// The inode of the socket of a line of the table, where that listens at this port.
fn listening(line: &str, port: u16) -> Option<String> {
    /// TCP_LISTEN
    const LISTEN: &str = "0A";
    let fields: Vec<_> = line.split_whitespace().collect();
    let (_, local) = fields.get(1)?.rsplit_once(':')?;
    let here = u16::from_str_radix(local, 16) == Ok(port) && *fields.get(3)? == LISTEN;
    here.then(|| fields.get(9).map(|inode| (*inode).to_owned())).flatten()
}

/// The process that has this socket open.
fn owner(system: &System, inode: &str) -> Option<Owner> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir(system.path("/proc")).ok()?.flatten();
    for entry in processes {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let open = fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten();
        let has = open
            .filter_map(|open| fs::read_link(open.path()).ok())
            .any(|target| target.to_str() == Some(&wanted));
        if has {
            let name = vmyna_files::read_text(&entry.path().join("comm"), 4096).unwrap_or_default();
            return Some(Owner {
                name: name.trim_end().to_owned(),
                process,
            });
        }
    }
    None
}
