//! Walks the coding trees of slices (ITU-T H.265 § 7.3.8) and decodes their blocks as they come.
//!
//! From the top: [`slice`] goes through the coding trees of a slice, [`coding`] splits each into coding units and reads
//! their prediction modes, [`transform_tree`] splits a coding unit into transform units, [`block`] predicts each block
//! and adds its residual. They share [`state`]; [`quantiser`] derives the quantiser of each unit, [`pcm`] copies units
//! that are not coded, [`residual_block`] makes residuals with the tools of the range extensions, and [`offsets`] reads
//! sample adaptive offsets.
//!
//! Each level calls the next one below and none above. What a level refuses with `None` is a fault of the data.

pub(crate) mod slice;
pub(crate) mod state;

mod block;
mod coding;
mod offsets;
mod pcm;
mod quantiser;
mod residual_block;
mod transform_tree;
