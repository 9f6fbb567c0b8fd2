package dev.safelight.api.query;

import dev.safelight.api.http.EntityTag;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.validate.Model;
import dev.safelight.api.validate.ModelCatalog;
import java.util.Optional;

/** {@code GET /v1/models/{name}}: with the schema that its jobs' input is checked against. */
public final class GetModel implements Handler {
    private final ModelCatalog models;
    private final String publicUrl;

    public GetModel(ModelCatalog models, String publicUrl) {
        this.models = models;
        this.publicUrl = publicUrl;
    }

    @Override
    public Reply handle(Request request) {
        Optional<Model> model = request.text("name").flatMap(models::find);
        return model.isEmpty()
                ? Problem.notFound("no such model; the models are: " + models.names())
                        .reply()
                : EntityTag.conditional(request, Reply.json(200, ModelView.whole(model.get(), publicUrl)));
    }
}
