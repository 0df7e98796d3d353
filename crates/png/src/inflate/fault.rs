//! Why a stream is refused.

/// Why a stream is no zlib stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InflateFault {
    /// It does not begin as one.
    Header,
    /// It is no deflate stream.
    Stream,
    /// It refers to bytes before its beginning.
    Distance,
    /// Its Adler-32 is not that of what it gave.
    Checksum,
    /// So many of its blocks have codes of their own that nearly all work goes into these: more than
    /// [`Inflater::FREE_BLOCKS`](crate::Inflater::FREE_BLOCKS) and one for each
    /// [`Inflater::BLOCK_BYTES`](crate::Inflater::BLOCK_BYTES).
    Blocks,
}
