//! Java object serialization (stream version 5), as far as plain data classes and `java.util` lists and maps need it.
//!
//! In: bytes. Out: a tree of nodes in an arena. Never builds an object of a class, never follows a cycle, never nests deeper
//! than [`DEPTH`].

use std::io;

const DEPTH: usize = 64;

/// Place of a node in the arena.
pub(super) type Id = usize;

#[derive(Debug)]
pub(super) enum Node {
    Null,
    Text(String),
    /// Primitive bytes that a class wrote by itself (sizes of lists and maps).
    Raw,
    Class(Class),
    Object {
        class: String,
        fields: Vec<(String, Field)>,
        /// Objects that the classes wrote beyond their fields: the elements of a list, keys and values of a map.
        items: Vec<Id>,
    },
    Enum,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    Number(i64),
    Node(Id),
}

#[derive(Debug, Clone)]
pub(super) struct Class {
    name: String,
    flags: u8,
    fields: Vec<(u8, String)>,
    parent: Id,
}

pub(super) struct Arena {
    nodes: Vec<Node>,
    pub root: Id,
}

impl Arena {
    pub fn get(&self, id: Id) -> &Node {
        self.nodes.get(id).unwrap_or(&Node::Null)
    }

    pub fn field(&self, id: Id, name: &str) -> Option<Field> {
        match self.get(id) {
            Node::Object { fields, .. } => fields.iter().find(|(n, _)| n == name).map(|(_, v)| *v),
            _ => None,
        }
    }

    pub fn number(&self, id: Id, name: &str) -> Option<i64> {
        match self.field(id, name)? {
            Field::Number(n) => Some(n),
            Field::Node(_) => None,
        }
    }

    pub fn child(&self, id: Id, name: &str) -> Option<Id> {
        match self.field(id, name)? {
            Field::Node(n) => Some(n),
            Field::Number(_) => None,
        }
    }

    pub fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn items(&self, id: Id) -> &[Id] {
        match self.get(id) {
            Node::Object { items, .. } => items,
            _ => &[],
        }
    }

    pub fn is(&self, id: Id, class_end: &str) -> bool {
        matches!(self.get(id), Node::Object { class, .. } if class.ends_with(class_end))
    }
}

/// Reads one serialized object.
pub(super) fn parse(bytes: &[u8]) -> io::Result<Arena> {
    let mut reader = Reader { bytes, nodes: vec![Node::Null], handles: Vec::new() };
    if reader.take(4)? != [0xac, 0xed, 0, 5] {
        return Err(bad("no Java object stream"));
    }
    let root = reader.content(0)?;
    Ok(Arena { nodes: reader.nodes, root })
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// Node 0 is null.
    nodes: Vec<Node>,
    handles: Vec<Id>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> io::Result<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(n).ok_or_else(|| bad("the object stream ends early"))?;
        self.bytes = rest;
        Ok(head)
    }

    fn number(&mut self, n: usize) -> io::Result<u64> {
        Ok(self.take(n)?.iter().fold(0, |v, b| v << 8 | u64::from(*b)))
    }

    fn utf(&mut self, size: usize) -> io::Result<String> {
        let len = usize::try_from(self.number(size)?).map_err(|_| bad("a text is too long"))?;
        Ok(modified_utf8(self.take(len)?))
    }

    fn add(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn add_handle(&mut self, node: Node) -> Id {
        let id = self.add(node);
        self.handles.push(id);
        id
    }

    fn content(&mut self, depth: usize) -> io::Result<Id> {
        if depth > DEPTH {
            return Err(bad("objects are nested too deep"));
        }
        match self.number(1)? {
            0x70 => Ok(0),
            0x71 => {
                let handle = self.number(4)?.checked_sub(0x7e_0000).and_then(|h| usize::try_from(h).ok());
                handle.and_then(|h| self.handles.get(h)).copied().ok_or_else(|| bad("a reference leads nowhere"))
            }
            0x72 => self.class(depth),
            0x73 => self.object(depth),
            0x74 => {
                let text = self.utf(2)?;
                Ok(self.add_handle(Node::Text(text)))
            }
            0x7c => {
                let text = self.utf(8)?;
                Ok(self.add_handle(Node::Text(text)))
            }
            0x77 => self.raw(1),
            0x7a => self.raw(4),
            0x7e => {
                self.content(depth + 1)?;
                let id = self.add_handle(Node::Enum);
                self.content(depth + 1)?;
                Ok(id)
            }
            _ => Err(bad("an object of an unknown kind")),
        }
    }

    fn raw(&mut self, size: usize) -> io::Result<Id> {
        let len = usize::try_from(self.number(size)?).map_err(|_| bad("a block is too long"))?;
        self.take(len)?;
        Ok(self.add(Node::Raw))
    }

    fn class(&mut self, depth: usize) -> io::Result<Id> {
        let name = self.utf(2)?;
        self.take(8)?;
        let id = self.add_handle(Node::Class(Class { name, flags: 0, fields: Vec::new(), parent: 0 }));
        let flags = self.number(1)? as u8;
        let count = self.number(2)?;
        let mut fields = Vec::new();
        for _ in 0..count {
            let kind = self.number(1)? as u8;
            let name = self.utf(2)?;
            if matches!(kind, b'L' | b'[') {
                self.content(depth + 1)?;
            }
            fields.push((kind, name));
        }
        while self.peek_end()? {
            self.content(depth + 1)?;
        }
        let parent = self.content(depth + 1)?;
        if let Some(Node::Class(class)) = self.nodes.get_mut(id) {
            (class.flags, class.fields, class.parent) = (flags, fields, parent);
        }
        Ok(id)
    }

    /// True while no end-of-block mark comes; the mark is taken.
    fn peek_end(&mut self) -> io::Result<bool> {
        match self.bytes.first() {
            Some(0x78) => {
                self.take(1)?;
                Ok(false)
            }
            Some(_) => Ok(true),
            None => Err(bad("the object stream ends early")),
        }
    }

    fn object(&mut self, depth: usize) -> io::Result<Id> {
        let class = self.content(depth + 1)?;
        let mut chain = Vec::new();
        let mut at = class;
        while let Some(Node::Class(class)) = self.nodes.get(at) {
            if chain.len() > DEPTH {
                return Err(bad("a class has too many parents"));
            }
            chain.push(class.clone());
            at = class.parent;
        }
        let name = chain.first().ok_or_else(|| bad("an object without a class"))?.name.clone();
        let id = self.add_handle(Node::Object { class: name, fields: Vec::new(), items: Vec::new() });
        let (mut fields, mut items) = (Vec::new(), Vec::new());
        for class in chain.iter().rev() {
            for (kind, name) in &class.fields {
                let value = match kind {
                    b'B' | b'Z' => Field::Number(self.number(1)? as i64),
                    b'C' | b'S' => Field::Number(self.number(2)? as i64),
                    b'I' => Field::Number(i64::from(self.number(4)? as u32 as i32)),
                    b'F' => Field::Number(self.number(4)? as i64),
                    b'J' | b'D' => Field::Number(self.number(8)? as i64),
                    b'L' | b'[' => Field::Node(self.content(depth + 1)?),
                    _ => return Err(bad("a field of an unknown type")),
                };
                fields.push((name.clone(), value));
            }
            // SC_WRITE_METHOD: the class wrote more by itself.
            if class.flags & 1 != 0 {
                while self.peek_end()? {
                    let item = self.content(depth + 1)?;
                    if !matches!(self.nodes.get(item), Some(Node::Raw)) {
                        items.push(item);
                    }
                }
            }
        }
        if let Some(Node::Object { fields: f, items: i, .. }) = self.nodes.get_mut(id) {
            (*f, *i) = (fields, items);
        }
        Ok(id)
    }
}

/// Java's modified UTF-8: NUL as C0 80, characters beyond the BMP as two surrogates of three bytes each.
pub(super) fn modified_utf8(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_string();
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&a) = bytes.get(at) {
        let next = |i: usize| bytes.get(at + i).filter(|b| **b & 0xc0 == 0x80).map(|b| u16::from(b & 0x3f));
        let (unit, len) = match (a, next(1), next(2)) {
            (0x00..=0x7f, _, _) => (u16::from(a), 1),
            (0xc0..=0xdf, Some(b), _) => (u16::from(a & 0x1f) << 6 | b, 2),
            (0xe0..=0xef, Some(b), Some(c)) => (u16::from(a & 0x0f) << 12 | b << 6 | c, 3),
            _ => (0xfffd, 1),
        };
        units.push(unit);
        at += len;
    }
    String::from_utf16_lossy(&units)
}

fn bad(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_text_with_surrogates_and_nul() {
        assert_eq!(modified_utf8(&[0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80, b'a', 0xc0, 0x80]), "\u{1f600}a\0");
        assert_eq!(modified_utf8("中.log".as_bytes()), "中.log");
        assert_eq!(modified_utf8(&[0xff, b'x']), "\u{fffd}x");
    }

    #[test]
    fn deep_nesting_and_loose_ends_are_errors() {
        let mut deep = vec![0xac, 0xed, 0, 5];
        deep.extend(std::iter::repeat_n(0x73, 100_000));
        assert!(parse(&deep).is_err());
        assert!(parse(&[0xac, 0xed, 0, 5, 0x71, 0, 0x7e, 0, 0]).is_err());
        assert!(parse(&[0xac, 0xed, 0, 5, 0x74, 0xff, 0xff, b'a']).is_err());
    }
}
