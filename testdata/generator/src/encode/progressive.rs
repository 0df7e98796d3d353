//! Progressive JPEG with any script of scans, successive approximation included (T.81, annex G).

use super::dct::{Component, components_420, tables};
use super::huffman::Table;
use super::jpeg::segment;
use crate::raster::Rgb;

/// One scan: its components, first and last coefficient, and the bit positions before and after it.
#[derive(Clone)]
pub(crate) struct Scan {
    pub(crate) components: Vec<usize>,
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) high: u8,
    pub(crate) low: u8,
}

/// The script that libjpeg and phones' editors use: ten scans.
pub(crate) fn usual_script() -> Vec<Scan> {
    vec![
        scan(&[0, 1, 2], 0, 0, 0, 1),
        scan(&[0], 1, 5, 0, 2),
        scan(&[2], 1, 63, 0, 1),
        scan(&[1], 1, 63, 0, 1),
        scan(&[0], 6, 63, 0, 2),
        scan(&[0], 1, 63, 2, 1),
        scan(&[0, 1, 2], 0, 0, 1, 0),
        scan(&[2], 1, 63, 1, 0),
        scan(&[1], 1, 63, 1, 0),
        scan(&[0], 1, 63, 1, 0),
    ]
}

/// A legal script of 757 scans: each coefficient of each component alone, in four approximations.
pub(crate) fn endless_script() -> Vec<Scan> {
    let mut script: Vec<Scan> = vec![scan(&[0, 1, 2], 0, 0, 0, 0)];
    let steps = [(0, 3), (3, 2), (2, 1), (1, 0)];
    for (high, low) in steps {
        script.extend((1..64).flat_map(|k| (0..3).map(move |component| scan(&[component], k, k, high, low))));
    }
    script
}

fn scan(components: &[usize], first: usize, last: usize, high: u8, low: u8) -> Scan {
    Scan { components: components.to_vec(), first, last, high, low }
}

pub(crate) fn encode_420(image: &Rgb, quality: u16, script: &[Scan]) -> Vec<u8> {
    let components = components_420(image, quality);
    let mut out = vec![0xFF, 0xD8];
    out.extend(segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"));
    for (id, table) in (0u8..).zip(tables(quality)) {
        out.extend(segment(0xDB, &[&[id][..], &table].concat()));
    }
    let side = |value: u32| u16::try_from(value).expect("JPEG sides are below 65536").to_be_bytes();
    let factors = [3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    out.extend(segment(0xC2, &[&[8][..], &side(image.height), &side(image.width), &factors].concat()));
    script.iter().for_each(|scan| write_scan(&mut out, &components, scan));
    out.extend([0xFF, 0xD9]);
    out
}

fn write_scan(out: &mut Vec<u8>, components: &[Component; 3], scan: &Scan) {
    let mut coder = Coder::default();
    match (scan.first, scan.high) {
        (0, 0) => dc_first(&mut coder, components, scan),
        (0, _) => dc_refine(&mut coder, components, scan),
        (_, high) => {
            for block in blocks(&components[scan.components[0]]) {
                if high == 0 { coder.ac_first(block, scan) } else { coder.ac_refine(block, scan) }
            }
            coder.flush_run();
        }
    }
    let class = if scan.first == 0 { 0 } else { 0x10 };
    let tables = [0, 1].map(|id| coder.table(id));
    for (id, table) in (0u8..).zip(&tables).filter(|(_, table)| !table.symbols.is_empty()) {
        out.extend(segment(0xC4, &[&[class | id][..], &table.counts, &table.symbols].concat()));
    }
    let mut header = vec![scan.components.len() as u8];
    for &component in &scan.components {
        let table = u8::from(component > 0);
        header.extend([component as u8 + 1, table << 4 | table]);
    }
    header.extend([scan.first as u8, scan.last as u8, scan.high << 4 | scan.low]);
    out.extend(segment(0xDA, &header));
    out.extend(coder.bytes(&tables));
}

/// The blocks of a scan of one component: without the padding (A.2.2).
fn blocks(component: &Component) -> impl Iterator<Item = &[i16; 64]> {
    let rows = component.blocks.chunks(component.stride).take(component.rows);
    rows.flat_map(|row| &row[..component.columns])
}

/// Component and block of each step of an interleaved scan (A.2.3).
fn interleaved(components: &[Component; 3], mut each: impl FnMut(usize, &[i16; 64])) {
    let across = components[0].stride / components[0].h;
    let down = components[0].blocks.len() / components[0].stride / components[0].v;
    for mcu in 0..across * down {
        for (index, component) in components.iter().enumerate() {
            for part in 0..component.h * component.v {
                let x = mcu % across * component.h + part % component.h;
                let y = mcu / across * component.v + part / component.h;
                each(index, &component.blocks[y * component.stride + x]);
            }
        }
    }
}

fn dc_first(coder: &mut Coder, components: &[Component; 3], scan: &Scan) {
    let mut previous = [0; 3];
    interleaved(components, |index, block| {
        let value = block[0] >> scan.low;
        let (size, bits) = magnitude(value - previous[index]);
        previous[index] = value;
        coder.push(u8::from(index > 0), Some(size), bits, size);
    });
}

fn dc_refine(coder: &mut Coder, components: &[Component; 3], scan: &Scan) {
    interleaved(components, |_, block| coder.push(0, None, (block[0] >> scan.low) as u16 & 1, 1));
}

/// Size category and additional bits of a value (F.1.2.1).
fn magnitude(value: i16) -> (u8, u16) {
    let size = (16 - value.unsigned_abs().leading_zeros()) as u8;
    let bits = if value < 0 { value - 1 } else { value } as u16;
    (size, bits & ((1u32 << size) - 1) as u16)
}

/// Gathers a scan's symbols and bits, so that its tables can be made before it is written.
#[derive(Default)]
struct Coder {
    tokens: Vec<Token>,
    /// Blocks that ended early in a row, and the correction bits that follow their symbol.
    run: u16,
    corrections: Vec<bool>,
    /// The table of the scan's component.
    table: u8,
}

struct Token {
    table: u8,
    symbol: Option<u8>,
    bits: u16,
    length: u8,
}

impl Coder {
    fn push(&mut self, table: u8, symbol: Option<u8>, bits: u16, length: u8) {
        self.tokens.push(Token { table, symbol, bits, length });
    }

    fn raw(&mut self, bits: &[bool]) {
        bits.iter().for_each(|&bit| self.push(0, None, u16::from(bit), 1));
    }

    /// Figure G.3.
    fn ac_first(&mut self, block: &[i16; 64], scan: &Scan) {
        self.table = u8::from(scan.components[0] > 0);
        let mut zeros = 0;
        for &coefficient in &block[scan.first..=scan.last] {
            let value = coefficient / (1 << scan.low);
            if value == 0 {
                zeros += 1;
                continue;
            }
            self.flush_run();
            while zeros > 15 {
                self.push(self.table, Some(0xF0), 0, 0);
                zeros -= 16;
            }
            let (size, bits) = magnitude(value);
            self.push(self.table, Some(zeros << 4 | size), bits, size);
            zeros = 0;
        }
        if zeros > 0 {
            self.end_of_block(&[]);
        }
    }

    /// Figures G.7 to G.9.
    fn ac_refine(&mut self, block: &[i16; 64], scan: &Scan) {
        self.table = u8::from(scan.components[0] > 0);
        let band = &block[scan.first..=scan.last];
        let sizes: Vec<u16> = band.iter().map(|&c| c.unsigned_abs() >> scan.low).collect();
        let newest = sizes.iter().rposition(|&size| size == 1);
        let (mut zeros, mut corrections) = (0u8, Vec::new());
        for (k, &size) in sizes.iter().enumerate() {
            if size == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 && Some(k) <= newest {
                self.flush_run();
                self.push(self.table, Some(0xF0), 0, 0);
                self.raw(&std::mem::take(&mut corrections));
                zeros -= 16;
            }
            if size > 1 {
                corrections.push(size & 1 == 1);
                continue;
            }
            self.flush_run();
            self.push(self.table, Some(zeros << 4 | 1), u16::from(band[k] > 0), 1);
            self.raw(&std::mem::take(&mut corrections));
            zeros = 0;
        }
        if zeros > 0 || !corrections.is_empty() {
            self.end_of_block(&corrections);
        }
    }

    fn end_of_block(&mut self, corrections: &[bool]) {
        self.run += 1;
        self.corrections.extend_from_slice(corrections);
        if self.run == 0x7FFF || self.corrections.len() > 900 {
            self.flush_run();
        }
    }

    fn flush_run(&mut self) {
        if self.run > 0 {
            let length = self.run.ilog2() as u8;
            self.push(self.table, Some(length << 4), self.run & ((1 << length) - 1), length);
            self.run = 0;
            let corrections = std::mem::take(&mut self.corrections);
            self.raw(&corrections);
        }
    }

    fn table(&self, id: u8) -> Table {
        let mut frequencies = [0; 256];
        for token in self.tokens.iter().filter(|token| token.table == id) {
            if let Some(symbol) = token.symbol {
                frequencies[usize::from(symbol)] += 1;
            }
        }
        Table::for_frequencies(&frequencies)
    }

    fn bytes(&self, tables: &[Table; 2]) -> Vec<u8> {
        let mut bits = Bits::default();
        for token in &self.tokens {
            if let Some(symbol) = token.symbol {
                let (code, length) = tables[usize::from(token.table)].code(symbol);
                bits.put(code, length);
            }
            bits.put(token.bits, token.length);
        }
        bits.finish()
    }
}

/// Bits, most significant first, with a zero byte stuffed after each 0xFF.
#[derive(Default)]
pub(crate) struct Bits {
    out: Vec<u8>,
    pending: u32,
    length: u8,
}

impl Bits {
    pub(crate) fn put(&mut self, bits: u16, length: u8) {
        self.pending = self.pending << length | u32::from(bits);
        self.length += length;
        while self.length >= 8 {
            self.length -= 8;
            let byte = (self.pending >> self.length) as u8;
            self.out.push(byte);
            if byte == 0xFF {
                self.out.push(0);
            }
        }
        self.pending &= (1 << self.length) - 1;
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.put(0x7F, 7);
        self.out
    }
}
