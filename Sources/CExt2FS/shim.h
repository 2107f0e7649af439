// What makes a file system is a row of calls and struct members full of macros, so it stays in C here.
#include <stdint.h>
#include <string.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

struct ob_ext2_format {
    uint64_t block_count;
    uint32_t inode_count;
    uint32_t journal_blocks;
    /// Seconds since 1970, of the file system itself; not 0.
    int64_t time;
    unsigned char uuid[16];
    unsigned char hash_seed[16];
    char label[16];
};

/// Makes a file system without a root folder in blocks of 4 KiB, from `options` ("offset=N") on in a file that is all zeros.
static inline errcode_t ob_ext2_create(const char *path, const char *options, const struct ob_ext2_format *format,
                                       ext2_filsys *result) {
    struct ext2_super_block param;
    memset(&param, 0, sizeof(param));
    param.s_rev_level = EXT2_DYNAMIC_REV;
    param.s_log_block_size = 2;
    param.s_log_cluster_size = 2;
    param.s_inode_size = 256;
    param.s_desc_size = EXT2_MIN_DESC_SIZE_64BIT;
    param.s_log_groups_per_flex = 4;
    param.s_inodes_count = format->inode_count;
    param.s_feature_compat = EXT3_FEATURE_COMPAT_HAS_JOURNAL | EXT2_FEATURE_COMPAT_EXT_ATTR |
                             EXT2_FEATURE_COMPAT_RESIZE_INODE | EXT2_FEATURE_COMPAT_DIR_INDEX;
    param.s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |
                               EXT4_FEATURE_INCOMPAT_64BIT | EXT4_FEATURE_INCOMPAT_FLEX_BG;
    param.s_feature_ro_compat = EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE |
                                EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_DIR_NLINK |
                                EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE | EXT4_FEATURE_RO_COMPAT_METADATA_CSUM;
    // The blocks of that inode have numbers of 32 bits.
    int grows = format->block_count <= UINT32_MAX;
    if (!grows) param.s_feature_compat &= ~EXT2_FEATURE_COMPAT_RESIZE_INODE;
    ext2fs_blocks_count_set(&param, format->block_count);
    ext2fs_r_blocks_count_set(&param, format->block_count / 20);

    ext2_filsys fs;
    errcode_t code = ext2fs_initialize(path, EXT2_FLAG_64BITS, &param, unix_io_manager, &fs);
    if (code) return code;
    *result = fs;
    if (options && (code = io_channel_set_options(fs->io, options))) return code;
    struct ext2_super_block *super = fs->super;
    fs->now = (time_t)format->time;
    super->s_checksum_type = EXT2_CRC32C_CHKSUM;
    super->s_mkfs_time = super->s_lastcheck = (uint32_t)format->time;
    super->s_mkfs_time_hi = super->s_lastcheck_hi = (uint8_t)(format->time >> 32);
    super->s_max_mnt_count = -1;
    super->s_creator_os = EXT2_OS_LINUX;
    super->s_min_extra_isize = super->s_want_extra_isize = 32;
    super->s_def_hash_version = EXT2_HASH_HALF_MD4;
    super->s_flags |= EXT2_FLAGS_SIGNED_HASH;
    super->s_default_mount_opts = EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL;
    memcpy(super->s_uuid, format->uuid, 16);
    memcpy(super->s_hash_seed, format->hash_seed, 16);
    memcpy(super->s_volume_name, format->label, 16);
    ext2fs_init_csum_seed(fs);

    if ((code = ext2fs_allocate_tables(fs))) return code;
    // The file is all zeros, so the tables are, too, and the kernel need not clear them after the first mount.
    for (dgrp_t group = 0; group < fs->group_desc_count; group++) {
        ext2fs_bg_flags_set(fs, group, EXT2_BG_INODE_ZEROED);
        ext2fs_group_desc_csum_set(fs, group);
    }
    // Those below the first one for files are the file system's own.
    for (ext2_ino_t inode = 1; inode < EXT2_FIRST_INODE(super); inode++) {
        ext2fs_inode_alloc_stats2(fs, inode, +1, inode == EXT2_ROOT_INO);
    }
    struct ext2_inode_large none;
    memset(&none, 0, sizeof(none));
    none.i_extra_isize = 32;
    if ((code = ext2fs_write_inode_full(fs, EXT2_BAD_INO, (struct ext2_inode *)&none, sizeof(none)))) return code;
    if (grows && (code = ext2fs_create_resize_inode(fs))) return code;
    struct ext2fs_journal_params journal = {.num_journal_blocks = format->journal_blocks};
    // Behind the tables, so that it does not move with the size of the disk.
    code = ext2fs_add_journal_inode3(fs, &journal, fs->super->s_first_data_block + 1, EXT2_MKJOURNAL_LAZYINIT);
    if (code) return code;
    // The copies of the superblock stay as they are of an empty file system, as where a kernel fills it. With the counts of
    // free blocks in them, the next version of an image would differ in each.
    if ((code = ext2fs_flush2(fs, EXT2_FLAG_FLUSH_NO_SYNC))) return code;
    fs->flags |= EXT2_FLAG_MASTER_SB_ONLY;
    return 0;
}

/// Opens a file system for reading, from `options` ("offset=N") on in a file, and reads which blocks are in use.
static inline errcode_t ob_ext2_open(const char *path, const char *options, ext2_filsys *result) {
    errcode_t code = ext2fs_open2(path, options, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, result);
    return code ? code : ext2fs_read_block_bitmap(*result);
}

/// The words for what the library answered.
static inline const char *ob_ext2_words(errcode_t code) {
    initialize_ext2_error_table();
    return error_message(code);
}

/// Forgets a file system without writing what is not written yet.
static inline void ob_ext2_free(ext2_filsys fs) { ext2fs_free(fs); }

static inline uint32_t ob_ext2_checksum_seed(ext2_filsys fs) { return fs->csum_seed; }

static inline uint64_t ob_ext2_block_count(ext2_filsys fs) { return ext2fs_blocks_count(fs->super); }

/// The first block that is free, or in use, from `start` to `end`; `end` where there is none.
static inline uint64_t ob_ext2_find_block(ext2_filsys fs, uint64_t start, uint64_t end, int used) {
    blk64_t found;
    if (start >= end) return end;
    errcode_t code = used ? ext2fs_find_first_set_block_bitmap2(fs->block_map, start, end - 1, &found)
                          : ext2fs_find_first_zero_block_bitmap2(fs->block_map, start, end - 1, &found);
    return code ? end : found;
}
