package dev.safelight.worker.safety;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.common.request.GenerationInput;
import java.util.UUID;

/**
 * What is sent about one picture.
 *
 * @param index of the picture in its job
 * @param input of the job, with its prompt
 * @param score of the bundle's own network, or null
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
record Question(
        String tenant,
        UUID jobId,
        int index,
        String model,
        long seed,
        GenerationInput input,
        Double score,
        Image image) {

    /** @param data the file, in base64 as JSON has it */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Image(String contentType, int width, int height, byte[] data) {}

    /** The same however often it is asked, by whichever worker: a dot would not do in a signature. */
    String id() {
        return jobId + "-" + index;
    }
}
