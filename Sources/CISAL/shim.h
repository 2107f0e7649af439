// The stream of ISA-L holds arrays that Swift cannot import, so it stays opaque bytes here.
#include <stdlib.h>
#include <isa-l.h>

static inline size_t ob_isal_state_size(void) { return sizeof(struct isal_zstream); }

/// Bytes that a level wants beside the stream; 0 for level 0.
static inline size_t ob_isal_level_size(unsigned level) {
    return level == 1 ? ISAL_DEF_LVL1_MEDIUM : level == 2 ? ISAL_DEF_LVL2_MEDIUM : 0;
}

/// Deflates a block that refers to no other one and ends at a byte, without being the last of its stream.
///
/// Returns the bytes written, or -1 where they have no room.
static inline long ob_isal_deflate_block(void *state, void *level_buffer, unsigned level, const void *input,
                                         size_t count, void *output, size_t room) {
    struct isal_zstream *stream = (struct isal_zstream *)state;
    isal_deflate_stateless_init(stream);
    // Left as the memory had it otherwise (igzip.c, 2.30), and so would be the bytes.
    stream->hist_bits = 0;
    stream->level = level;
    stream->level_buf = (uint8_t *)level_buffer;
    stream->level_buf_size = (uint32_t)ob_isal_level_size(level);
    stream->flush = FULL_FLUSH;
    stream->end_of_stream = 0;
    stream->gzip_flag = IGZIP_DEFLATE;
    stream->next_in = (uint8_t *)input;
    stream->avail_in = (uint32_t)count;
    stream->next_out = (uint8_t *)output;
    stream->avail_out = (uint32_t)room;
    if (isal_deflate_stateless(stream) != COMP_OK || stream->avail_in != 0) return -1;
    return (long)stream->total_out;
}
