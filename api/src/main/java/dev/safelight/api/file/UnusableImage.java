package dev.safelight.api.file;

/** The bytes are no image that we take. The code is stable, the message is for the client. */
final class UnusableImage extends Exception {
    private static final long serialVersionUID = 1L;

    private final String code;

    private UnusableImage(String code, String message) {
        super(message);
        this.code = code;
    }

    String code() {
        return code;
    }

    static UnusableImage malformed(String message) {
        return new UnusableImage("image_malformed", message);
    }

    static UnusableImage truncated() {
        return new UnusableImage("image_truncated", "the image ends before it is complete");
    }

    /** What hides behind an image is not for us to carry. */
    static UnusableImage trailing(long bytes) {
        return new UnusableImage("image_trailing_data", bytes + " bytes follow the end of the image");
    }

    static UnusableImage tooLarge(String message) {
        return new UnusableImage("image_too_large", message);
    }

    static UnusableImage unsupported(String message) {
        return new UnusableImage("image_unsupported", message);
    }

    /** What names the image names nothing. */
    static UnusableImage unknown(String message) {
        return new UnusableImage("unknown_image", message);
    }

    static UnusableImage unreachable(String message) {
        return new UnusableImage("image_unreachable", message);
    }

    static UnusableImage mismatch(String message) {
        return new UnusableImage("content_type_mismatch", message);
    }
}
