package dev.safelight.common.request;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * The input of a job with every default filled in: what the worker runs and what the API reports as resolved input.
 *
 * @param label the class asked for, {@code "class"} in JSON; null for unconditional sampling
 * @param sampler a name that the bundle lists
 * @param steps number of sampler steps, at least 1
 * @param guidance weight w of classifier-free guidance, E_null + w (E_class - E_null): 1 is plain conditional, 0 unconditional
 * @param seed seed of the first image; image i uses seed + i, so that each can be asked for alone
 * @param count number of images
 * @param eta stochasticity of DDIM, 0 deterministic, 1 ancestral
 * @param spacing how the steps are spread over the training schedule: leading, trailing or linspace
 * @param strict evaluate in calls of fixed shape, so that the image is bit-equal whatever else runs
 */
public record GenerationInput(
        @JsonProperty("class") String label,
        String sampler,
        int steps,
        double guidance,
        long seed,
        int count,
        double eta,
        String spacing,
        boolean strict) {}
