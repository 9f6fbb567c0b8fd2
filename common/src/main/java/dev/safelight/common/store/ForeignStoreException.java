package dev.safelight.common.store;

/** The outputs of the database are in another store than this process would use. */
public final class ForeignStoreException extends Exception {
    private static final long serialVersionUID = 1L;

    ForeignStoreException(String mine, String claimed) {
        super("this process would keep outputs in store \"" + mine + "\", but those of the database are in \"" + claimed
                + "\": API and workers must share one folder (SAFELIGHT_STORE_FOLDER) or use S3 (SAFELIGHT_STORE=s3)."
                + " After moving the outputs on purpose, DELETE FROM object_store.");
    }
}
