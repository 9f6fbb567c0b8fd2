package dev.safelight.common.request;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The input of a job with every default filled in: what the worker runs and what the API reports as resolved input.
 *
 * @param label the class asked for, {@code "class"} in JSON; null for unconditional sampling
 * @param sampler a name that the bundle lists
 * @param steps number of sampler steps, at least 1
 * @param guidance weight w of classifier-free guidance, E_null + w (E_class - E_null): 1 is plain conditional, 0 unconditional
 * @param seed seed of the first image; image i uses seed + i, so that each can be asked for alone
 * @param count number of images
 * @param spacing how the steps are spread over the training schedule: leading, trailing or linspace
 * @param strict evaluate in calls of fixed shape, so that the image is bit-equal whatever else runs
 * @param options what the sampler and the guidance can be told beyond that, flat fields in JSON, as JSON values by name
 */
public record GenerationInput(
        @JsonProperty("class") String label,
        String sampler,
        int steps,
        double guidance,
        long seed,
        int count,
        String spacing,
        boolean strict,
        @JsonAnySetter @JsonAnyGetter Map<String, Object> options) {

    @JsonCreator
    public GenerationInput {
        options = options == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(options));
    }

    /** An input whose only option is DDIM's eta. */
    public GenerationInput(
            String label,
            String sampler,
            int steps,
            double guidance,
            long seed,
            int count,
            double eta,
            String spacing,
            boolean strict) {
        this(label, sampler, steps, guidance, seed, count, spacing, strict, Map.of("eta", eta));
    }

    /** The same with another option. */
    public GenerationInput with(String option, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(options);
        more.put(option, value);
        return new GenerationInput(label, sampler, steps, guidance, seed, count, spacing, strict, more);
    }

    /** The input of one image alone. */
    public GenerationInput alone(long imageSeed) {
        return new GenerationInput(label, sampler, steps, guidance, imageSeed, 1, spacing, strict, options);
    }
}
