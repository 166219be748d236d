//! Input: paths and streams in, bytes out, cut into chunks. Knows codecs, files and where a record may begin; nothing of Flink.

pub mod archive;
pub mod chunk;
pub mod decode;
pub mod discover;
pub mod map;
pub mod open;
pub mod prefixed;
pub mod rotation;
pub mod sniff;
