package dev.safelight.api.query;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.api.validate.Model;
import dev.safelight.common.bundle.Manifest;
import java.time.LocalDate;
import java.util.List;

/** A model as clients see it; {@code inputSchema} is null in lists. */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
record ModelView(
        String name,
        String title,
        String description,
        String author,
        LocalDate date,
        long parameters,
        Manifest.License license,
        String queue,
        String bundle,
        List<String> classes,
        List<String> samplers,
        Manifest.Defaults defaults,
        Manifest.Limits limits,
        String url,
        JsonNode inputSchema) {

    static ModelView brief(Model model, String publicUrl) {
        return of(model, publicUrl, null);
    }

    static ModelView whole(Model model, String publicUrl) {
        return of(model, publicUrl, model.inputSchema());
    }

    private static ModelView of(Model model, String publicUrl, JsonNode inputSchema) {
        Manifest manifest = model.manifest();
        return new ModelView(
                manifest.name(),
                manifest.title(),
                manifest.description(),
                manifest.author(),
                manifest.date(),
                manifest.parameters(),
                manifest.license(),
                manifest.queue(),
                model.bundle().version(),
                manifest.conditioning().classes(),
                model.samplers(),
                manifest.defaults(),
                manifest.limits(),
                publicUrl + "/v1/models/" + manifest.name(),
                inputSchema);
    }
}
