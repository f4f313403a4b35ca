//! The ready-made configurations of `docs/configurations.md`, as tests take them from the page and use them.
//!
//! A block of a shell is named by the comment in its first line, any other block by the text before it, ``File `NAME` ``.

use std::path::Path;

use crate::programs::require_library;

/// The page, and its Japanese form with the same blocks.
pub const PAGES: [&str; 2] = ["configurations.md", "configurations.ja.md"];

/// A block of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The comment of a shell's block, or the name of a file.
    pub name: String,
    /// All lines of the block.
    pub text: String,
}

/// Debian's directory of libraries on x86-64, as the page has it.
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu/";

/// The libraries that the page names, and their packages.
const PACKAGES: [(&str, &str); 2] = [
    ("opensc-pkcs11.so", "opensc-pkcs11"),
    ("libpcsclite.so.1", "libpcsclite1"),
];

/// The block of this name, with the libraries where this machine has them.
///
/// # Panics
/// The page has no such block, or the machine lacks a library.
#[must_use]
#[expect(clippy::panic, reason = "only tests call this; a panic is how they fail")]
pub fn configuration(name: &str) -> String {
    let found = blocks(PAGES[0]).into_iter().find(|block| block.name == name);
    let Some(Block { mut text, .. }) = found else {
        panic!("docs/{} has no block `{name}`", PAGES[0])
    };
    for (library, package) in PACKAGES {
        let on_the_page = format!("{LIBRARIES}{library}");
        if text.contains(&on_the_page) {
            let here = require_library(library, package);
            text = text.replace(&on_the_page, &here.to_string_lossy());
        }
    }
    text
}

/// All blocks of a page of `docs/`, in its order.
///
/// # Panics
/// The page can't be read, or has a block without a name.
#[must_use]
#[expect(clippy::panic, reason = "only tests call this; a panic is how they fail")]
pub fn blocks(page: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    blocks_of(&text).unwrap_or_else(|line| panic!("docs/{page}: the block after this line has no name: {line}"))
}

/// The blocks; or the last line before the block that has no name.
fn blocks_of(page: &str) -> Result<Vec<Block>, String> {
    let (mut blocks, mut before) = (Vec::new(), "");
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let comment = content.first().and_then(|first| first.strip_prefix("# "));
            let name = if line == "```sh" {
                comment
            } else {
                file_named_by(before)
            };
            blocks.push(Block {
                name: name.ok_or(before)?.to_owned(),
                text: content.join("\n") + "\n",
            });
        } else if !line.trim().is_empty() {
            before = line;
        }
    }
    Ok(blocks)
}

/// `NAME` of a line with ``ile `NAME` `` in it, in either language.
fn file_named_by(line: &str) -> Option<&str> {
    let behind = ["ile `", "ファイル `"]
        .iter()
        .find_map(|word| line.split_once(word).map(|(_, rest)| rest))?;
    behind.split_once('`').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_named_by_its_comment_or_by_the_file_before_it() {
        let page = "# Title\n\nSome `words`. File `a.cfg`:\n\n```ini\nx = 1\n```\n\n```sh\n# do it\nls\n```\n";
        let block = |name: &str, text: &str| Block {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        let expected = vec![block("a.cfg", "x = 1\n"), block("do it", "# do it\nls\n")];
        assert_eq!(blocks_of(page), Ok(expected));
        assert_eq!(blocks_of("Text\n\n```sh\nls\n```\n"), Err("Text".to_owned()));
        assert_eq!(blocks_of("Text\n```\nls\n```\n"), Err("Text".to_owned()));
    }
}
