#include "jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#if LIBJPEG_TURBO_VERSION_NUMBER < 3001000
#error "libjpeg-turbo 3.1 or later is needed"
#endif

enum { BEFORE_SCANS = 0, IN_ROWS = 1, AFTER_ROWS = 2 };

typedef struct {
  struct jpeg_error_mgr pub;
  jmp_buf escape;
  struct jpeg_progress_mgr progress;
  shim_go_on go_on;
  const void *meter;
  int in_scan;
  uint32_t warnings;
  uint32_t left_over;
  const uint8_t *data; /* the whole input of a decoder */
  size_t len;
  int status;
  char message[SHIM_MESSAGE_BYTES];
} errors;

static int status_of(int code) {
  switch (code) {
  case JERR_OUT_OF_MEMORY:
    return SHIM_NO_MEMORY;
  case JERR_NO_BACKING_STORE:
    return SHIM_MEMORY_LIMIT;
  case JERR_BAD_PRECISION:
  case JERR_SOF_UNSUPPORTED:
  case JERR_NOT_COMPILED:
  case JERR_ARITH_NOTIMPL:
  case JERR_CONVERSION_NOTIMPL:
  case JERR_FRACT_SAMPLE_NOTIMPL:
  case JERR_CCIR601_NOTIMPL:
    return SHIM_UNSUPPORTED;
  default:
    return SHIM_FAILED;
  }
}

static void on_error(j_common_ptr cinfo) {
  errors *e = (errors *)cinfo->err;
  char text[JMSG_LENGTH_MAX];
  e->pub.format_message(cinfo, text);
  snprintf(e->message, sizeof(e->message), "%s", text);
  e->status = status_of(e->pub.msg_code);
  longjmp(e->escape, 1);
}

/* libjpeg points behind the last byte it skipped, or into a buffer of its own once the data has ended. */
static uint32_t skipped_beyond_padding(const errors *e, const struct jpeg_source_mgr *src, size_t skipped) {
  const uint8_t *begin = e->data, *end = e->data + e->len, *at = src->next_input_byte;
  uint32_t count = 0;
  if (at >= begin && at <= end)
    end = at;
  if (skipped < (size_t)(end - begin))
    begin = end - skipped;
  for (; begin < end; begin++)
    count += *begin != 0x00 && *begin != 0xFF;
  return count;
}

static void on_message(j_common_ptr cinfo, int level) {
  errors *e = (errors *)cinfo->err;
  if (level >= 0)
    return;
  switch (e->pub.msg_code) {
  case JWRN_JPEG_EOF:
    e->warnings |= SHIM_WARNED_END_OF_DATA;
    break;
  case JWRN_HIT_MARKER:
    e->warnings |= SHIM_WARNED_HIT_MARKER;
    break;
  case JWRN_HUFF_BAD_CODE:
  case JWRN_ARITH_BAD_CODE:
    e->warnings |= SHIM_WARNED_BAD_CODE;
    break;
  case JWRN_MUST_RESYNC:
    e->warnings |= SHIM_WARNED_RESYNC;
    break;
  case JWRN_BOGUS_PROGRESSION:
    e->warnings |= SHIM_WARNED_PROGRESSION;
    break;
  case JWRN_EXTRANEOUS_DATA:
    /* Before the first scan only metadata is skipped; among rows, only the search for a restart marker skips bytes. */
    if (e->in_scan == IN_ROWS && ((j_decompress_ptr)cinfo)->restart_interval) {
      e->warnings |= SHIM_WARNED_EXTRANEOUS_IN;
    } else if (e->in_scan) {
      uint32_t count = skipped_beyond_padding(e, ((j_decompress_ptr)cinfo)->src, (size_t)e->pub.msg_parm.i[0]);
      if (count > e->left_over)
        e->left_over = count;
    }
    break;
  default: /* about metadata, or harmless by long practice */
    break;
  }
}

static void on_output(j_common_ptr cinfo) { (void)cinfo; }

/* libjpeg calls this for every row of MCUs, and while it reads the scans of a file that has several. */
static void on_progress(j_common_ptr cinfo) {
  errors *e = (errors *)cinfo->err;
  if (e->go_on(e->meter))
    return;
  e->status = SHIM_STOPPED;
  longjmp(e->escape, 1);
}

static void errors_init(errors *e, shim_go_on go_on, const void *meter) {
  memset(e, 0, sizeof(*e));
  e->progress.progress_monitor = on_progress;
  e->go_on = go_on;
  e->meter = meter;
  jpeg_std_error(&e->pub);
  e->pub.error_exit = on_error;
  e->pub.emit_message = on_message;
  e->pub.output_message = on_output;
}

struct shim_decoder {
  struct jpeg_decompress_struct cinfo;
  errors err;
  int created;
  void (*realize)(j_common_ptr cinfo);
  uint32_t output;
  int chroma_dct; /* samples per side of a block of chroma, in planes */
};

shim_decoder *shim_decoder_new(shim_go_on go_on, const void *meter) {
  shim_decoder *volatile d = calloc(1, sizeof(*d));
  if (!d)
    return NULL;
  errors_init(&d->err, go_on, meter);
  d->cinfo.err = &d->err.pub;
  if (setjmp(d->err.escape)) {
    free(d);
    return NULL;
  }
  jpeg_create_decompress(&d->cinfo);
  d->cinfo.progress = &d->err.progress;
  d->cinfo.client_data = d;
  d->created = 1;
  return d;
}

void shim_decoder_free(shim_decoder *d) {
  if (!d)
    return;
  if (d->created) {
    if (!setjmp(d->err.escape))
      jpeg_destroy_decompress(&d->cinfo);
  }
  free(d);
}

uint32_t shim_warnings(const shim_decoder *d) { return d->err.warnings; }

uint32_t shim_left_over(const shim_decoder *d) { return d->err.left_over; }

const char *shim_message(const shim_decoder *d) { return d->err.message; }

/* When an image is scaled down, libjpeg enlarges the chroma of subsampled files by a larger inverse DCT, in place of
   upsampling. Planes are wanted as they are stored, or with a smaller chroma of the caller's choice. This runs after the
   modules were made and before their first pass, which reads these fields: jdmaster.c, master_selection(). */
static void on_realize(j_common_ptr common) {
  shim_decoder *d = common->client_data;
  j_decompress_ptr cinfo = &d->cinfo;
  int i;
  d->realize(common);
  for (i = 0; i < cinfo->num_components; i++)
    cinfo->comp_info[i].DCT_scaled_size = i ? d->chroma_dct : cinfo->min_DCT_scaled_size;
}

static int gives_planes(j_decompress_ptr cinfo) {
  const jpeg_component_info *c = cinfo->comp_info;
  if (cinfo->jpeg_color_space == JCS_GRAYSCALE)
    return cinfo->num_components == 1;
  return cinfo->jpeg_color_space == JCS_YCbCr && cinfo->num_components == 3 &&
         c[0].h_samp_factor == cinfo->max_h_samp_factor && c[0].v_samp_factor == cinfo->max_v_samp_factor &&
         c[1].h_samp_factor == c[2].h_samp_factor && c[1].v_samp_factor == c[2].v_samp_factor &&
         c[0].h_samp_factor % c[1].h_samp_factor == 0 && c[0].v_samp_factor % c[1].v_samp_factor == 0;
}

static uint32_t div_up(uint64_t a, uint64_t b) { return (uint32_t)((a + b - 1) / b); }

static void describe_planes(j_decompress_ptr cinfo, shim_output *out) {
  const shim_decoder *d = cinfo->client_data;
  uint32_t luma_dct = (uint32_t)cinfo->min_DCT_scaled_size;
  int i;
  for (i = 0; i < cinfo->num_components; i++) {
    const jpeg_component_info *c = &cinfo->comp_info[i];
    shim_component *o = &out->component[i];
    uint32_t h = (uint32_t)c->h_samp_factor, v = (uint32_t)c->v_samp_factor;
    uint32_t dct = i ? (uint32_t)d->chroma_dct : luma_dct;
    o->width = div_up((uint64_t)cinfo->image_width * h * dct, (uint64_t)cinfo->max_h_samp_factor * DCTSIZE);
    o->height = div_up((uint64_t)cinfo->image_height * v * dct, (uint64_t)cinfo->max_v_samp_factor * DCTSIZE);
    /* Interleaved scans write whole MCUs, whose last blocks may lie outside the component. */
    o->stride = div_up(cinfo->image_width, (uint64_t)cinfo->max_h_samp_factor * DCTSIZE) * h * dct;
    o->strip_rows = v * dct;
    o->h_samp = h;
    o->v_samp = v;
  }
  out->strips = div_up(cinfo->output_height, (uint64_t)cinfo->max_v_samp_factor * luma_dct);
}

int shim_start(shim_decoder *d, const uint8_t *data, size_t len, uint32_t scale_denom,
               uint32_t chroma_scale_denom, size_t max_memory, shim_output *out) {
  j_decompress_ptr cinfo = &d->cinfo;
  if (setjmp(d->err.escape))
    return d->err.status;
  cinfo->mem->max_memory_to_use = (long)max_memory;
  d->err.data = data;
  d->err.len = len;
  jpeg_mem_src(cinfo, data, (unsigned long)len);
  jpeg_read_header(cinfo, TRUE);
  cinfo->scale_num = 1;
  cinfo->scale_denom = scale_denom;
  d->chroma_dct = DCTSIZE / (int)chroma_scale_denom;
  cinfo->dct_method = JDCT_ISLOW;
  cinfo->do_block_smoothing = FALSE;
  if (gives_planes(cinfo)) {
    d->output = SHIM_PLANES;
    cinfo->out_color_space = cinfo->jpeg_color_space;
    cinfo->raw_data_out = TRUE;
    d->realize = cinfo->mem->realize_virt_arrays;
    cinfo->mem->realize_virt_arrays = on_realize;
  } else if (cinfo->jpeg_color_space == JCS_CMYK || cinfo->jpeg_color_space == JCS_YCCK) {
    d->output = SHIM_CMYK;
    cinfo->out_color_space = JCS_CMYK;
  } else {
    d->output = SHIM_RGB;
    cinfo->out_color_space = JCS_RGB;
  }
  d->err.in_scan = IN_ROWS;
  jpeg_start_decompress(cinfo);
  memset(out, 0, sizeof(*out));
  out->output = d->output;
  out->width = cinfo->output_width;
  out->height = cinfo->output_height;
  out->components = d->output == SHIM_PLANES ? (uint32_t)cinfo->num_components : 0;
  if (d->output == SHIM_PLANES)
    describe_planes(cinfo, out);
  return SHIM_OK;
}

enum { MAX_STRIP_ROWS = MAX_SAMP_FACTOR * DCTSIZE };

int shim_read_planes(shim_decoder *d, uint8_t *const planes[3]) {
  j_decompress_ptr cinfo = &d->cinfo;
  JSAMPROW rows[3][MAX_STRIP_ROWS];
  JSAMPARRAY arrays[3];
  shim_output shape;
  int i;
  uint32_t r;
  if (setjmp(d->err.escape))
    return d->err.status;
  describe_planes(cinfo, &shape);
  for (i = 0; i < cinfo->num_components; i++) {
    for (r = 0; r < shape.component[i].strip_rows; r++)
      rows[i][r] = planes[i] + (size_t)r * shape.component[i].stride;
    arrays[i] = rows[i];
  }
  if (jpeg_read_raw_data(cinfo, arrays, (JDIMENSION)(cinfo->max_v_samp_factor * cinfo->min_DCT_scaled_size)) == 0)
    return SHIM_FAILED;
  return SHIM_OK;
}

int shim_read_row(shim_decoder *d, uint8_t *row) {
  JSAMPROW rows[1];
  if (setjmp(d->err.escape))
    return d->err.status;
  rows[0] = row;
  return jpeg_read_scanlines(&d->cinfo, rows, 1) == 1 ? SHIM_OK : SHIM_FAILED;
}

int shim_finish(shim_decoder *d) {
  if (setjmp(d->err.escape))
    return d->err.status;
  d->err.in_scan = AFTER_ROWS;
  jpeg_finish_decompress(&d->cinfo);
  return SHIM_OK;
}

/* The encoder's output: one buffer that only this file frees. libjpeg's own memory destination frees the buffer it was
   given when it grows, and tells only at the end, which leaves nothing right to free after an error. */
typedef struct {
  struct jpeg_destination_mgr pub;
  uint8_t *buffer;
  size_t capacity;
  size_t len;
} output;

typedef struct {
  struct jpeg_compress_struct cinfo;
  errors err;
  output out;
  uint8_t *strip;
} encoder;

enum { FIRST_BUFFER_BYTES = 64 * 1024 };

static void output_grow(j_compress_ptr cinfo, size_t used, size_t capacity) {
  output *out = (output *)cinfo->dest;
  uint8_t *buffer = realloc(out->buffer, capacity);
  if (!buffer)
    ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 0);
  out->buffer = buffer;
  out->capacity = capacity;
  out->pub.next_output_byte = buffer + used;
  out->pub.free_in_buffer = capacity - used;
}

static void output_init(j_compress_ptr cinfo) { output_grow(cinfo, 0, FIRST_BUFFER_BYTES); }

static boolean output_full(j_compress_ptr cinfo) {
  output *out = (output *)cinfo->dest;
  output_grow(cinfo, out->capacity, 2 * out->capacity);
  return TRUE;
}

static void output_term(j_compress_ptr cinfo) {
  output *out = (output *)cinfo->dest;
  out->len = out->capacity - out->pub.free_in_buffer;
}

static void begin(encoder *e, uint32_t width, uint32_t height, J_COLOR_SPACE space, int quality) {
  j_compress_ptr cinfo = &e->cinfo;
  jpeg_create_compress(cinfo);
  cinfo->progress = &e->err.progress;
  e->out.pub.init_destination = output_init;
  e->out.pub.empty_output_buffer = output_full;
  e->out.pub.term_destination = output_term;
  cinfo->dest = &e->out.pub;
  cinfo->image_width = width;
  cinfo->image_height = height;
  cinfo->input_components = 3;
  cinfo->in_color_space = space;
  jpeg_set_defaults(cinfo);
  jpeg_set_quality(cinfo, quality, TRUE);
  cinfo->dct_method = JDCT_ISLOW;
  cinfo->comp_info[0].h_samp_factor = 2;
  cinfo->comp_info[0].v_samp_factor = 2;
  cinfo->raw_data_in = space == JCS_YCbCr;
  jpeg_start_compress(cinfo, TRUE);
}

static void end(encoder *e, int status, uint8_t **out, size_t *out_len) {
  if (!setjmp(e->err.escape))
    jpeg_destroy_compress(&e->cinfo);
  free(e->strip);
  if (status == SHIM_OK) {
    *out = e->out.buffer;
    *out_len = e->out.len;
  } else {
    free(e->out.buffer);
  }
  free(e);
}

enum { LUMA_ROWS = 2 * DCTSIZE, CHROMA_ROWS = DCTSIZE };

/* A row as the encoder wants it: whole blocks, the last sample repeated over the padding. */
static JSAMPROW padded(uint8_t *to, const uint8_t *from, uint32_t width, uint32_t stride) {
  memcpy(to, from, width);
  memset(to + width, from[width - 1], stride - width);
  return to;
}

static void write_planes(encoder *e, const uint8_t *planes[3], uint32_t width, uint32_t height) {
  uint32_t chroma_width = (width + 1) / 2, chroma_height = (height + 1) / 2;
  uint32_t chroma_stride = (chroma_width + DCTSIZE - 1) / DCTSIZE * DCTSIZE, luma_stride = 2 * chroma_stride;
  JSAMPROW rows[3][LUMA_ROWS];
  JSAMPARRAY arrays[3] = {rows[0], rows[1], rows[2]};
  uint8_t *neutral = e->strip + (size_t)luma_stride * LUMA_ROWS + 2 * (size_t)chroma_stride * CHROMA_ROWS;
  uint32_t top, r, i;
  memset(neutral, 128, chroma_stride);
  for (top = 0; top < height; top += LUMA_ROWS) {
    for (i = 0; i < 3; i++) {
      uint32_t count = i ? CHROMA_ROWS : LUMA_ROWS, w = i ? chroma_width : width, h = i ? chroma_height : height;
      uint32_t stride = i ? chroma_stride : luma_stride, first = i ? top / 2 : top;
      uint8_t *strip = e->strip + (i ? (size_t)luma_stride * LUMA_ROWS : 0) +
                       (i == 2 ? (size_t)chroma_stride * CHROMA_ROWS : 0);
      for (r = 0; r < count; r++) {
        uint32_t row = first + r < h ? first + r : h - 1;
        if (!planes[i])
          rows[i][r] = neutral;
        else if (w == stride)
          rows[i][r] = (JSAMPROW)(planes[i] + (size_t)row * w);
        else
          rows[i][r] = padded(strip + (size_t)r * stride, planes[i] + (size_t)row * w, w, stride);
      }
    }
    jpeg_write_raw_data(&e->cinfo, arrays, LUMA_ROWS);
  }
}

static encoder *encoder_new(shim_go_on go_on, const void *meter) {
  encoder *e = calloc(1, sizeof(*e));
  if (!e)
    return NULL;
  errors_init(&e->err, go_on, meter);
  e->cinfo.err = &e->err.pub;
  return e;
}

int shim_encode_planes(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, uint32_t width, uint32_t height,
                       int quality, shim_go_on go_on, const void *meter, uint8_t **out, size_t *out_len) {
  const uint8_t *planes[3] = {y, cb, cr};
  size_t stride = ((size_t)width + LUMA_ROWS - 1) / LUMA_ROWS * LUMA_ROWS;
  encoder *e = encoder_new(go_on, meter);
  if (!e)
    return SHIM_NO_MEMORY;
  /* Sixteen luma rows, twice eight chroma rows of half the width, one neutral chroma row. */
  e->strip = malloc(stride * LUMA_ROWS + stride * CHROMA_ROWS + stride);
  if (!e->strip) {
    free(e);
    return SHIM_NO_MEMORY;
  }
  if (setjmp(e->err.escape)) {
    int status = e->err.status;
    end(e, status, out, out_len);
    return status;
  }
  begin(e, width, height, JCS_YCbCr, quality);
  write_planes(e, planes, width, height);
  jpeg_finish_compress(&e->cinfo);
  end(e, SHIM_OK, out, out_len);
  return SHIM_OK;
}

int shim_encode_rgb(const uint8_t *rgb, uint32_t width, uint32_t height, int quality, shim_go_on go_on,
                    const void *meter, uint8_t **out, size_t *out_len) {
  encoder *e = encoder_new(go_on, meter);
  if (!e)
    return SHIM_NO_MEMORY;
  if (setjmp(e->err.escape)) {
    int status = e->err.status;
    end(e, status, out, out_len);
    return status;
  }
  begin(e, width, height, JCS_RGB, quality);
  while (e->cinfo.next_scanline < height) {
    JSAMPROW row = (JSAMPROW)(rgb + (size_t)e->cinfo.next_scanline * width * 3);
    jpeg_write_scanlines(&e->cinfo, &row, 1);
  }
  jpeg_finish_compress(&e->cinfo);
  end(e, SHIM_OK, out, out_len);
  return SHIM_OK;
}

void shim_buffer_free(uint8_t *buffer) { free(buffer); }
