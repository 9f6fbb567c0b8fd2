package dev.safelight.common.wire;

/** Names of the Kafka topics and of the share group. */
public final class Topics {
    /** Every worker is a member; a record goes to whichever has room. */
    public static final String SHARE_GROUP = "safelight-workers";
    /** Workers tell APIs what just happened; each API process reads all of it from now on. Hints only: the truth is in Postgres. */
    public static final String SIGNALS = "safelight.signals";
    /** Workers show APIs what running jobs look like; each API process reads all of it from now on. Nobody misses one. */
    public static final String PREVIEWS = "safelight.previews";
    /** APIs tell workers that a client asked for a cancel; each worker reads all of it from now on. Hints only. */
    public static final String CONTROL = "safelight.control";

    private Topics() {}

    /**
     * Work released for a queue. Two lanes, so that what the relay released early to keep workers busy never stands
     * before what must start at once (see docs/decisions/two-lanes.md).
     */
    public static String dispatch(String queue, Lane lane) {
        return "safelight.queue." + queue + (lane == Lane.EXPRESS ? ".express" : "");
    }

    /** Which of a queue's two topics a job was released to. */
    public enum Lane {
        /** Workers read it while they have a free slot. */
        REGULAR,
        /** Workers read it beyond their slots, up to their headroom: the first jobs of a tenant, and urgent ones. */
        EXPRESS
    }
}
