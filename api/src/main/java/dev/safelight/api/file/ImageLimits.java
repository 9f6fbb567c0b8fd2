package dev.safelight.api.file;

/** How large an image may be, as its header declares it. @param pixels width times height */
record ImageLimits(int pixels) {
    /** A progressive JPEG in colour; more than four channels of 16 bits. */
    private static final int MOST_BYTES_A_PIXEL = 9;

    void check(long width, long height, long decodedBytes) throws UnusableImage {
        if (width < 1 || height < 1) {
            throw UnusableImage.malformed("the image has no pixels");
        }
        if (width > Inspected.LONGEST_SIDE || height > Inspected.LONGEST_SIDE || width * height > pixels) {
            throw UnusableImage.tooLarge(
                    "the image has " + width + " × " + height + " pixels; at most " + pixels + " in all are taken");
        }
        if (decodedBytes > (long) pixels * MOST_BYTES_A_PIXEL) {
            throw UnusableImage.tooLarge("the image takes more memory than the largest one that is taken");
        }
    }
}
