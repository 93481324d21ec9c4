//! Trees as tar archives, in and out as streams.

mod bounded;
mod chunks;
mod fields;
mod header;
mod pack;
mod records;
mod sparse;
mod unpack;

pub use chunks::{ChunkWriter, Part, PartReader};
pub use pack::{Packing, pack};
pub use unpack::{Unpacking, unpack};
