package dev.safelight.api.query;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.validate.ModelCatalog;
import java.util.List;

/** {@code GET /v1/models}: newest first. */
public final class ListModels implements Handler {
    private final ModelCatalog models;
    private final String publicUrl;

    private record Models(List<ModelView> models) {}

    public ListModels(ModelCatalog models, String publicUrl) {
        this.models = models;
        this.publicUrl = publicUrl;
    }

    @Override
    public Reply handle(Request request) {
        return Reply.json(
                200,
                new Models(models.all().stream()
                        .map(model -> ModelView.brief(model, publicUrl))
                        .toList()));
    }
}
