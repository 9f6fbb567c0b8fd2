package dev.safelight.common.request;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Values;
import java.util.ArrayList;
import java.util.List;

/** How large a picture is to be, in pixels. */
public record PictureSize(int width, int height) {

    /** Fields of requests; none where a model draws one size only. */
    static List<Option<?>> options(Manifest manifest) {
        return manifest.sizes() == null ? List.of() : List.of(width(manifest), height(manifest));
    }

    private static Option.Whole width(Manifest manifest) {
        return side("width", manifest, 2);
    }

    private static Option.Whole height(Manifest manifest) {
        return side("height", manifest, 1);
    }

    private static Option.Whole side(String name, Manifest manifest, int axis) {
        Manifest.Sizes sizes = manifest.sizes();
        return new Option.Whole(
                name,
                "Pixels, a multiple of " + sizes.multiple() + "; the picture may have " + sizes.pixels() + " in all",
                sizes.least(),
                sizes.most(),
                manifest.pictures().shape().get(axis));
    }

    /** What a resolved input asks for; the model's own size where it says nothing. */
    public static PictureSize of(Manifest manifest, GenerationInput input) {
        return of(manifest, new Values(input.options()));
    }

    private static PictureSize of(Manifest manifest, Values values) {
        if (manifest.sizes() == null) {
            List<Integer> shape = manifest.pictures().shape();
            return new PictureSize(shape.get(2), shape.get(1));
        }
        return new PictureSize(values.get(width(manifest)), values.get(height(manifest)));
    }

    static List<Problem> problems(Manifest manifest, Values values) {
        List<Problem> problems = new ArrayList<>();
        if (manifest.sizes() == null) {
            return problems;
        }
        PictureSize size = of(manifest, values);
        int multiple = manifest.sizes().multiple();
        if (size.width() % multiple != 0) {
            problems.add(new Problem("invalid_value", "width", "must be a multiple of " + multiple));
        }
        if (size.height() % multiple != 0) {
            problems.add(new Problem("invalid_value", "height", "must be a multiple of " + multiple));
        }
        if ((long) size.width() * size.height() > manifest.sizes().pixels()) {
            problems.add(new Problem(
                    "out_of_range",
                    "width",
                    "a picture may have " + manifest.sizes().pixels() + " pixels, not " + size.width() + "×"
                            + size.height()));
        }
        return problems;
    }
}
