//! Huffman tables made for the symbols that a scan has (T.81, annex K.2).

/// A table: how many codes of each length, their symbols, and the code of each symbol.
pub(crate) struct Table {
    pub(crate) counts: [u8; 16],
    pub(crate) symbols: Vec<u8>,
    codes: [(u16, u8); 256],
}

impl Table {
    /// The best table for `frequencies`, no code longer than 16 bits or made of ones alone; empty for no symbols.
    pub(crate) fn for_frequencies(frequencies: &[u64; 256]) -> Self {
        if frequencies.iter().all(|&frequency| frequency == 0) {
            return Self::new([0; 16], Vec::new());
        }
        let lengths = code_lengths(frequencies);
        let mut counts = [0u32; 33];
        lengths[..256].iter().for_each(|&length| counts[length] += 1);
        counts[lengths[256]] += 1;
        counts[0] = 0;
        shorten(&mut counts);
        let mut symbols: Vec<u8> = (0..=255).filter(|&symbol| lengths[usize::from(symbol)] > 0).collect();
        symbols.sort_by_key(|&symbol| lengths[usize::from(symbol)]);
        Self::new(std::array::from_fn(|i| counts[i + 1] as u8), symbols)
    }

    fn new(counts: [u8; 16], symbols: Vec<u8>) -> Self {
        let mut codes = [(0, 0); 256];
        let (mut code, mut next) = (0u16, symbols.iter());
        for (length, &count) in (1u8..).zip(&counts) {
            for &symbol in next.by_ref().take(usize::from(count)) {
                codes[usize::from(symbol)] = (code, length);
                code += 1;
            }
            code <<= 1;
        }
        Self { counts, symbols, codes }
    }

    /// Code and length in bits.
    pub(crate) fn code(&self, symbol: u8) -> (u16, u8) {
        self.codes[usize::from(symbol)]
    }
}

/// Lengths by merging the two rarest again and again; symbol 256 reserves the code of ones.
fn code_lengths(frequencies: &[u64; 256]) -> [usize; 257] {
    let mut weight = [0u64; 257];
    weight[..256].copy_from_slice(frequencies);
    weight[256] = 1;
    let mut lengths = [0usize; 257];
    let mut groups: Vec<Vec<usize>> = (0..257).map(|symbol| vec![symbol]).collect();
    while let (Some(first), Some(second)) = rarest(&weight) {
        weight[first] += std::mem::take(&mut weight[second]);
        let merged = std::mem::take(&mut groups[second]);
        groups[first].extend(merged);
        groups[first].iter().for_each(|&symbol| lengths[symbol] += 1);
    }
    lengths
}

/// The two lightest groups that have weight; of equal ones, the last.
fn rarest(weight: &[u64; 257]) -> (Option<usize>, Option<usize>) {
    let lightest = |other: Option<usize>| {
        let open = (0..257).rev().filter(|&i| weight[i] > 0 && Some(i) != other);
        open.min_by_key(|&i| weight[i])
    };
    let first = lightest(None);
    (first, lightest(first))
}

/// Moves codes up until none is longer than 16 bits (figure K.3), then drops the reserved one.
fn shorten(counts: &mut [u32; 33]) {
    for length in (17..33).rev() {
        while counts[length] > 0 {
            let shorter = (1..length - 1).rev().find(|&l| counts[l] > 0).expect("a shorter code exists");
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
    let longest = (1..=16).rev().find(|&l| counts[l] > 0).expect("the reserved code is there");
    counts[longest] -= 1;
}
