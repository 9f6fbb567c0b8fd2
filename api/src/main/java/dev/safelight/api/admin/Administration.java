package dev.safelight.api.admin;

import dev.safelight.api.auth.KeyStore;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.LocalCalls;
import dev.safelight.api.tenant.Queues;
import dev.safelight.api.tenant.TenantStore;
import dev.safelight.common.store.Database;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;

/** All that looks after the installation itself. */
public final class Administration {
    private Administration() {}

    /**
     * By operation id.
     *
     * @param limitsChanged told when a tenant's limit may be another
     * @param wake told when jobs may be released again; the relay's
     */
    public static Map<String, Handler> handlers(
            Database database, Queues queues, Clock clock, Runnable limitsChanged, Runnable wake) {
        Map<String, Handler> handlers = new HashMap<>();
        handlers.putAll(new TenantHandlers(new TenantStore(database), limitsChanged).all());
        handlers.putAll(new KeyHandlers(new KeyStore(database), clock).all());
        handlers.putAll(new QueueHandlers(queues, wake).all());
        return handlers;
    }

    /** The same, straight to the database. */
    public static LocalCalls local(Database database) {
        Queues queues = new Queues(database, System::nanoTime);
        return new LocalCalls(handlers(database, queues, Clock.systemUTC(), () -> {}, () -> {}));
    }
}
