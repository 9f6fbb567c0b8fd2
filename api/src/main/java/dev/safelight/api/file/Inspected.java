package dev.safelight.api.file;

/**
 * An image file whose structure was walked from its first byte to its last, and nothing of it decoded.
 *
 * @param width as the header declares it
 * @param height as the header declares it
 * @param decodedBytes what its pixels take as the decoder holds them
 * @param orientation of EXIF, 1 to 8
 * @param clean the file without anything that its pixels do not need: no texts, profiles, thumbnails; in the place of the file
 */
record Inspected(int width, int height, long decodedBytes, int orientation, Bytes clean) {
    /** So much may be declared at all, whatever the setting says: products of two of these fit a long with ease. */
    static final int LONGEST_SIDE = 65_535;

    Inspected {
        if (width < 1 || height < 1 || width > LONGEST_SIDE || height > LONGEST_SIDE) {
            throw new IllegalArgumentException(width + " × " + height);
        }
    }
}
