//! Why the platform's `pow` decides no byte.

/// What libwebp rounds down to the quantiser of a segment: `127 (1 − c)` of `VP8SetSegmentParams` (quant_enc.c), with the
/// strength of its default preset. `alpha` is how much the segment bears, -127 to 127.
fn before_rounding(quality: u32, alpha: i32) -> f64 {
    let quality = f64::from(quality) / 100.0;
    let linear = if quality < 0.75 { quality * (2.0 / 3.0) } else { 2.0 * quality - 1.0 };
    let (base, strength) = (linear.powf(1.0 / 3.0), 0.9 * 50.0 / 100.0 / 128.0);
    127.0 * (1.0 - base.powf(1.0 - strength * f64::from(alpha)))
}

/// At quality 100 the base is 1, whose powers are 1 in any mathematical library, and the quantiser is 0.
#[test]
fn no_quantiser_hangs_on_the_last_digits_of_a_power() {
    let all = (1..100).flat_map(|quality| (-127..=127).map(move |alpha| before_rounding(quality, alpha)));
    let nearest = all.map(|value| (value - value.round()).abs()).fold(1.0, f64::min);
    assert!((2e-5..3e-5).contains(&nearest), "{nearest}");
    assert_eq!(before_rounding(100, 127), 0.0);
}
