use super::*;
use crate::config::tests::{Writer, parameter_set};

/// 64 × 48 in 4:2:0, up to its scaling lists.
fn sequence() -> Writer {
    let mut w = Writer::default();
    w.bits(0, 4).bits(0, 3).bits(1, 1).bits(0, 48).bits(0, 48);
    w.unsigned(&[0, 1, 64, 48]).bits(0, 1).unsigned(&[0, 0, 4]).bits(1, 1).unsigned(&[1, 0, 0]);
    w.unsigned(&[0, 2, 0, 3, 1, 1]);
    w
}

/// The rest of a sequence parameter set, with long-term references and all usability information.
fn end(mut w: Writer) -> Vec<u8> {
    w.bits(0, 1).bits(1, 1).bits(0, 1).unsigned(&[0]);
    w.bits(1, 1).unsigned(&[1]).bits(0, 9).bits(0b01, 2);
    w.bits(1, 1).bits(1, 1).bits(255, 8).bits(0, 32).bits(0b11, 2);
    w.bits(1, 1).bits(0b1011, 4).bits(1, 1).bits(0, 24).bits(1, 1).unsigned(&[0, 0]).bits(0, 3);
    w.bits(1, 1).unsigned(&[0; 4]).bits(1, 1).bits(0, 32).bits(0, 32).bits(1, 1).unsigned(&[9]).bits(0, 1);
    w.bits(1, 1).bits(0, 3).unsigned(&[0; 5]);
    w.bits(0, 1).bits(1, 1);
    w.nal()
}

fn scaling(w: Writer) -> Scaling {
    SequenceParameters::read(&end(w)).unwrap().scaling.unwrap()
}

#[test]
fn lists_that_refer_to_nothing_are_the_standard_ones() {
    let mut standard = sequence();
    standard.bits(0b10, 2);
    let mut referred = sequence();
    referred.bits(0b11, 2);
    (0..20).for_each(|_| _ = referred.bits(0, 1).unsigned(&[0]));
    assert!(scaling(standard).0 == scaling(referred).0);
}

#[test]
fn a_list_is_coded_by_differences_or_is_another() {
    let mut w = sequence();
    w.bits(0b11, 2);
    // The first list is 8 + 2, + 0 …; the second the same, the third the first again.
    w.bits(1, 1).unsigned(&[3]).unsigned(&[0; 15]);
    w.bits(0, 1).unsigned(&[1]).bits(0, 1).unsigned(&[2]);
    (3..12).for_each(|_| _ = w.bits(0, 1).unsigned(&[0]));
    // A list of 16 × 16 whose first factor is 8 + 4, the others from there 12 + 1.
    w.bits(1, 1).unsigned(&[7]).unsigned(&[1]).unsigned(&[0; 63]);
    (13..20).for_each(|_| _ = w.bits(0, 1).unsigned(&[0]));
    let scaling = scaling(w);
    (0..3).for_each(|component| assert_eq!(scaling.factors(2, component), [10; 16]));
    let large = scaling.factors(4, 0);
    assert_eq!((large[0], large[1], large[255]), (12, 13, 13));
    assert_eq!(scaling.factors(5, 0)[..3], [16, 16, 16]);
}

#[test]
fn what_is_out_of_range_is_left_to_libde265() {
    let read = |pictures: u32, depth: u32, sub_layers: u32| {
        let mut w = Writer::default();
        w.bits(0, 4).bits(sub_layers, 3).bits(1, 1).bits(0, 48).bits(0, 48);
        w.unsigned(&[0, 1, 64, 48]).bits(0, 1).unsigned(&[0, 0, 4]).bits(0, 1).unsigned(&[pictures, 0, 0]);
        w.unsigned(&[0, 2, 0, 3, 1, depth]).bits(0, 1);
        SequenceParameters::read(&end(w)).is_some()
    };
    assert!(read(15, 3, 0));
    assert!(!read(16, 3, 0));
    assert!(!read(15, 4, 0));
    assert!(!read(15, 3, 7));
}

#[test]
fn pulse_code_modulation_is_left_to_libde265() {
    let mut w = parameter_set();
    w.bits(0, 1).bits(0, 1).bits(1, 1);
    assert!(SequenceParameters::read(&w.nal()).is_none());
}

#[test]
fn a_picture_set_belongs_to_its_sequence() {
    let mut w = sequence();
    w.bits(0, 1);
    let sequence = SequenceParameters::read(&end(w)).unwrap();
    let read = |of: u32, scaling: u32, merge: u32| {
        let mut w = Writer::default();
        w.unsigned(&[0, of]).bits(0, 7).unsigned(&[0, 0, 0]).bits(0, 3).unsigned(&[0, 0]).bits(0, 7);
        w.bits(1, 1).bits(0b10, 2).unsigned(&[0, 0]).bits(scaling, 1);
        if scaling == 1 {
            (0..20).for_each(|_| _ = w.bits(0, 1).unsigned(&[0]));
        }
        w.bits(0, 1).unsigned(&[merge]).bits(0b001, 3);
        PictureParameters::read(&w.nal(), &sequence).is_some()
    };
    assert!(read(0, 0, 3));
    assert!(!read(1, 0, 3));
    assert!(!read(0, 1, 3));
    assert!(!read(0, 0, 4));
}
