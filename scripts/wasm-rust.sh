# Finds a Rust for wasm32, as $rustc, and a linker for it, as $linker; ends as rust-for.sh does where there is none.
what=wasm targets="wasm32-wasip1 wasm32-unknown-unknown" std_packages=libstd-rust-dev-wasm32
. scripts/rust-for.sh

# The linker that comes with Rust, or LLVM's.
linker=$(find "$(rustc --print sysroot)" -name rust-lld -type f | head -n 1)
[ -n "$linker" ] || linker=$(command -v wasm-ld || true)
[ -n "$linker" ] || skip "no rust-lld or wasm-ld"
