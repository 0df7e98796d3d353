//! Decodes scans that are coded by arithmetic coding (ITU-T T.81 annex D and §§ F.1.4, F.2.4 and G.1.3).

mod coder;
pub(crate) mod conditioning;
mod scan;
mod values;

pub(crate) use scan::ArithmeticScan;
