package dev.safelight.api.file;

/** Too many images are being fetched, or too large ones, for one more now. The client does well to come back. */
final class FetchesBusy extends Exception {
    private static final long serialVersionUID = 1L;
}
