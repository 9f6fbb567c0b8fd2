package dev.safelight.worker.generate;

import dev.safelight.worker.decode.Picture;

/**
 * The images that a client brought along.
 *
 * @param image or null
 * @param mask bright where something is to be drawn; or null
 */
public record Originals(Picture image, Picture mask) {
    public static final Originals NONE = new Originals(null, null);
}
