// The seam between Rust and libde265: every call that allocates goes through here, and no exception leaves this file.

#include <new>

#include <libde265/de265.h>

namespace {

template <typename Call> de265_error guarded(Call call) noexcept {
  try {
    return call();
  } catch (const std::bad_alloc &) {
    return DE265_ERROR_OUT_OF_MEMORY;
  } catch (...) {
    return DE265_ERROR_UNSPECIFIED_DECODING_ERROR;
  }
}

} // namespace

extern "C" {

// Null without memory.
de265_decoder_context *ingest_hevc_new() noexcept {
  de265_decoder_context *decoder = nullptr;
  guarded([&] {
    // Without a reference that stays, every decoder makes libde265's tables anew, in 1.5 ms.
    static const de265_error tables = de265_init();
    (void)tables;
    decoder = de265_new_decoder();
    return DE265_OK;
  });
  return decoder;
}

de265_error ingest_hevc_push(de265_decoder_context *decoder, const void *nal, int len) noexcept {
  return guarded([&] { return de265_push_NAL(decoder, nal, len, 0, nullptr); });
}

de265_error ingest_hevc_flush(de265_decoder_context *decoder) noexcept {
  return guarded([&] { return de265_flush_data(decoder); });
}

de265_error ingest_hevc_decode(de265_decoder_context *decoder, int *more) noexcept {
  return guarded([&] { return de265_decode(decoder, more); });
}

} // extern "C"
