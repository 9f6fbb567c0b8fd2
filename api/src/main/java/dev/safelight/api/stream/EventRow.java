package dev.safelight.api.stream;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * Something that happened to a job, as Postgres has it.
 *
 * @param id increases from event to event of a job, in the order in which they were committed; 0 for its beginning
 * @param data null where the type says all
 */
record EventRow(long id, String type, int attempt, JsonNode data, Instant at) {}
