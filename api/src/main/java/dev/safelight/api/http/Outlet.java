package dev.safelight.api.http;

import java.util.concurrent.CompletionStage;

/** The way to a client that reads while things happen. For any thread; nothing here blocks. */
public interface Outlet {
    /**
     * Sends bytes.
     *
     * @return done when the socket took them, so that whoever sends one piece at a time keeps no more than that in memory;
     *     fails when the client is gone
     */
    CompletionStage<Void> send(byte[] bytes);

    /** Ends the reply as a whole one. */
    CompletionStage<Void> end();

    /** Closes the connection in the middle of the reply: the client sees that there was more to come. */
    void cut();
}
