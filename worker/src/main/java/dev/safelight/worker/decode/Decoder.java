package dev.safelight.worker.decode;

/** Turns a clean latent into a picture. */
@FunctionalInterface
public interface Decoder {

    /**
     * @param latent row-major in the bundle's latent shape
     * @throws NotFinite when the latent holds a number that is not finite
     */
    Picture decode(float[] latent);

    /** The walk diverged: there is no picture in it. */
    final class NotFinite extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public NotFinite() {
            super("sampling diverged: the latent holds numbers that are not finite");
        }
    }
}
