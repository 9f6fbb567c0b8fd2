package dev.safelight.common.request;

import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Values;
import java.util.List;
import java.util.Locale;

/** The files that images are written as. */
public enum ImageFormat {
    /** Keeps every pixel, and says in text chunks how the image is made again. */
    PNG,
    JPEG,
    WEBP;

    /** Left out, images are PNG: a field that every job had would be a stranger to workers of an older version. */
    static final Option.Encoding OPTION = new Option.Encoding(
            "output",
            "How images are written: png, which is the default, keeps every pixel; of jpeg and webp quality, 1 to 100, says"
                    + " how much they lose",
            List.of(PNG.word()),
            List.of(JPEG.word(), WEBP.word()),
            90);

    /** @param quality 1 to 100, of those that lose something */
    public record Choice(ImageFormat format, int quality) {}

    /** What a resolved input asks for. */
    public static Choice of(GenerationInput input) {
        Option.Encoding.Choice said = new Values(input.options()).get(OPTION);
        return new Choice(valueOf(said.format().toUpperCase(Locale.ROOT)), said.quality());
    }

    private String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public String mediaType() {
        return "image/" + word();
    }

    /** Of a file's name. */
    public String extension() {
        return word();
    }
}
