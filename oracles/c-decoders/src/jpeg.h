/* The seam between Rust and libjpeg-turbo: every call returns a status, and no longjmp leaves this file. */
#ifndef INGEST_JPEG_SHIM_H
#define INGEST_JPEG_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* Statuses. */
enum {
  SHIM_OK = 0,
  SHIM_FAILED = 1,
  SHIM_NO_MEMORY = 2,
  SHIM_MEMORY_LIMIT = 3,
  SHIM_UNSUPPORTED = 4,
  SHIM_STOPPED = 5
};

/* Asked between rows of MCUs, on the calling thread; 0 ends the call with SHIM_STOPPED. */
typedef int (*shim_go_on)(const void *meter);

/* Warnings seen so far, as bits. */
enum {
  SHIM_WARNED_END_OF_DATA = 1,     /* the data ended before the EOI marker */
  SHIM_WARNED_HIT_MARKER = 2,      /* entropy-coded data ended before the scan did */
  SHIM_WARNED_BAD_CODE = 4,        /* an impossible Huffman or arithmetic code */
  SHIM_WARNED_RESYNC = 8,          /* a restart marker is missing or out of order */
  SHIM_WARNED_PROGRESSION = 16,    /* scans contradict each other */
  SHIM_WARNED_EXTRANEOUS_IN = 32   /* bytes skipped before a restart marker */
};

/* What the decoder gives. */
enum { SHIM_PLANES = 0, SHIM_RGB = 1, SHIM_CMYK = 2 };

enum { SHIM_MESSAGE_BYTES = 200 };

typedef struct {
  uint32_t width;        /* samples that belong to the picture */
  uint32_t height;
  uint32_t stride;       /* samples written per row, padding included */
  uint32_t strip_rows;   /* rows written per call */
  uint32_t h_samp;
  uint32_t v_samp;
} shim_component;

typedef struct {
  uint32_t output;       /* SHIM_PLANES, SHIM_RGB or SHIM_CMYK */
  uint32_t width;        /* of the output, after the scale */
  uint32_t height;
  uint32_t components;   /* 1 or 3 with SHIM_PLANES */
  uint32_t strips;       /* calls of shim_read_planes that give the whole picture */
  shim_component component[3];
} shim_output;

typedef struct shim_decoder shim_decoder;

/* NULL when memory is short; `meter` must outlive the decoder. */
shim_decoder *shim_decoder_new(shim_go_on go_on, const void *meter);
void shim_decoder_free(shim_decoder *d);
/* Reads the header, then every scan if there are several; `data` must outlive the decoder. Chroma has a scale of its own
   in planes. */
int shim_start(shim_decoder *d, const uint8_t *data, size_t len, uint32_t scale_denom,
               uint32_t chroma_scale_denom, size_t max_memory, shim_output *out);
/* One row of MCUs into planes[i], each component[i].stride x component[i].strip_rows samples. */
int shim_read_planes(shim_decoder *d, uint8_t *const planes[3]);
/* One row of interleaved samples, width x 3 or width x 4. */
int shim_read_row(shim_decoder *d, uint8_t *row);
int shim_finish(shim_decoder *d);
uint32_t shim_warnings(const shim_decoder *d);
/* The most bytes that were skipped at once after the last code of a scan, those of padding (00 and FF) not counted. */
uint32_t shim_left_over(const shim_decoder *d);
const char *shim_message(const shim_decoder *d);

/* Encode a baseline 4:2:0 JPEG. cb and cr are both NULL for a picture of luma alone. On success the caller frees
   *out with shim_buffer_free. */
int shim_encode_planes(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, uint32_t width, uint32_t height,
                       int quality, shim_go_on go_on, const void *meter, uint8_t **out, size_t *out_len);
int shim_encode_rgb(const uint8_t *rgb, uint32_t width, uint32_t height, int quality, shim_go_on go_on,
                    const void *meter, uint8_t **out, size_t *out_len);
void shim_buffer_free(uint8_t *buffer);

#endif
