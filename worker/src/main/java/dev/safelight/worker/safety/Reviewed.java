package dev.safelight.worker.safety;

import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.store.Review;
import java.util.List;
import java.util.SortedMap;

/**
 * The pictures of a job as clients may see them.
 *
 * @param pictures by their index in the job; what is withheld is missing
 * @param reviews of those that did not simply pass
 */
public record Reviewed(SortedMap<Integer, Picture> pictures, List<Review> reviews) {}
