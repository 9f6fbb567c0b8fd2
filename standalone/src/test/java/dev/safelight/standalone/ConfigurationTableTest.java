package dev.safelight.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.ApiSettings;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.config.Settings.Variable;
import dev.safelight.worker.WorkerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** {@code docs/configuration.md} is the code's own list. */
class ConfigurationTableTest {
    private static final Path DOCUMENT = Path.of(System.getProperty("safelight.root"), "docs", "configuration.md");

    @Test
    void theDocumentListsTheVariablesOfTheCode() throws IOException {
        Map<String, Variable> api = variables(ApiSettings::read);
        Map<String, Variable> worker = variables(WorkerSettings::read);
        Map<String, Variable> migrations = variables(settings -> DatabaseSettings.read(settings, 1));
        Map<String, Variable> all = new LinkedHashMap<>(api);
        worker.forEach(all::putIfAbsent);

        StringBuilder table = new StringBuilder("| Variable | Default | Read by | What it says |\n|---|---|---|---|\n");
        all.forEach((name, variable) -> table.append("| `%s` | %s | %s | %s |\n"
                .formatted(
                        name,
                        fallback(name, api, worker),
                        readers(name, api, worker, migrations),
                        variable.description())));
        Path generated = Files.writeString(
                Path.of(System.getProperty("safelight.root"), "standalone", "target", "configuration-table.md"), table);

        assertThat(Files.readString(DOCUMENT))
                .as("docs/configuration.md holds the table that this test wrote to %s", generated)
                .contains(table);
    }

    private static String fallback(String name, Map<String, Variable> api, Map<String, Variable> worker) {
        String ofApi = api.containsKey(name)
                ? api.get(name).fallback()
                : worker.get(name).fallback();
        String ofWorker = worker.containsKey(name) ? worker.get(name).fallback() : ofApi;
        if (!ofApi.equals(ofWorker)) {
            return "`" + ofApi + "` (API), `" + ofWorker + "` (worker)";
        }
        return ofApi.isEmpty() ? "" : "`" + ofApi + "`";
    }

    private static String readers(
            String name, Map<String, Variable> api, Map<String, Variable> worker, Map<String, Variable> migrations) {
        if (api.containsKey(name) && worker.containsKey(name)) {
            return migrations.containsKey(name) ? "all" : "API, worker";
        }
        return api.containsKey(name) ? "API" : "worker";
    }

    private static Map<String, Variable> variables(Consumer<Settings> reader) {
        Settings settings = new Settings(Map.of());
        reader.accept(settings);
        Map<String, Variable> variables = new LinkedHashMap<>();
        List<Variable> read = settings.variables();
        read.forEach(variable -> variables.put(variable.name(), variable));
        return variables;
    }
}
