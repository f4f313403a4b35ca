//! A browser without pages: cookies, redirects, forms; each request is a connection of its own.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

/// An answer.
#[derive(Clone)]
pub struct Page {
    pub status: u16,
    /// The host that has answered, with its port.
    pub host: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        let field = self.headers.iter().find(|(other, _)| other == name);
        field.map(|(_, value)| value.as_str())
    }

    pub fn location(&self) -> &str {
        self.header("location")
            .unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.body))
    }

    /// The token of the forms on the page.
    pub fn csrf(&self) -> &str {
        let (_, rest) = self.body.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split_once('"').unwrap().0
    }

    #[track_caller]
    pub fn has(&self, text: &str) -> &Self {
        assert!(
            self.body.contains(text),
            "{text:?} is not in {} {}",
            self.status,
            self.body
        );
        self
    }

    #[track_caller]
    pub fn lacks(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text:?} is in {}", self.body);
        self
    }
}

/// A browser with the cookies of two hosts.
#[derive(Clone, Default)]
pub struct Browser {
    /// The portal, like `http://127.0.0.1:40123`.
    pub origin: String,
    /// Those of the portal's host.
    pub cookies: BTreeMap<String, String>,
    /// Those of the provider's host.
    others: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            ..Self::default()
        }
    }

    pub fn get(&mut self, address: &str) -> Page {
        self.request("GET", address, &[], "")
    }

    /// Sends a form as a page of the portal does.
    pub fn post(&mut self, path: &str, body: &str) -> Page {
        let origin = self.origin.clone();
        let headers = [
            ("Origin", &*origin),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        self.request("POST", path, &headers, body)
    }

    /// Sends a form with the token of a page that the portal shows now.
    pub fn submit(&mut self, page: &str, path: &str, fields: &str) -> Page {
        let page = self.get(page);
        let body = format!("csrf={}&{fields}", page.csrf());
        self.post(path, &body)
    }

    /// Asks the portal with another `Host`, as a page does whose name was made to mean this machine.
    pub fn with_host(&mut self, host: &str, path: &str) -> Page {
        let portal = self.origin.strip_prefix("http://").unwrap().to_owned();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nCookie: {cookies}\r\n\r\n");
        send(portal, &head)
    }

    pub fn request(&mut self, method: &str, address: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let (host, path) = match address.strip_prefix("http://") {
            Some(rest) => rest.split_at(rest.find('/').unwrap()),
            None => (self.origin.strip_prefix("http://").unwrap(), address),
        };
        let (host, path) = (host.to_owned(), path.to_owned());
        // The portal's cookies are those of 127.0.0.1, its provider is on localhost.
        let is_portals = host.starts_with("127.");
        let cookies = if is_portals { &self.cookies } else { &self.others };
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        if !cookies.is_empty() {
            let cookies: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            head += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        if !headers.iter().any(|(name, _)| *name == "Accept-Language") {
            head += "Accept-Language: en\r\n";
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let page = send(host, &head);
        let cookies = if is_portals {
            &mut self.cookies
        } else {
            &mut self.others
        };
        for (_, cookie) in page.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => cookies.remove(name),
                value => cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        page
    }

    /// Follows redirects to the end.
    pub fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..10 {
            if page.status != 303 {
                return page;
            }
            let location = match page.location() {
                path if path.starts_with('/') => format!("http://{}{path}", page.host),
                whole => whole.to_owned(),
            };
            page = self.get(&location);
        }
        panic!("the redirects don't end");
    }
}

/// Sends a request, and reads the whole answer.
fn send(host: String, request: &str) -> Page {
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    // A server that refuses a long body may close before it has read all of it.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    parse(host, &answer)
}

fn parse(host: String, answer: &[u8]) -> Page {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let fields = lines.map(|line| line.split_once(": ").unwrap_or((line, "")));
    let headers = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let bytes = answer[end + 4..].to_vec();
    Page {
        status,
        host,
        headers: headers.collect(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
        bytes,
    }
}
