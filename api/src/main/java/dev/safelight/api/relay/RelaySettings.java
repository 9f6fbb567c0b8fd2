package dev.safelight.api.relay;

import dev.safelight.common.config.Settings;
import java.time.Duration;

/**
 * How the relay and the rescuer behave.
 *
 * @param interval the relay looks at Postgres this often even if nobody woke it
 * @param redispatchAfter a released job that nobody claimed for so long is released again: Kafka may have lost it
 * @param workerTimeout a worker that has not beaten for so long gets no jobs
 * @param rescueInterval the rescuer looks for lapsed leases this often
 * @param rescueGrace when Postgres has just started, workers have so long to renew leases that lapsed meanwhile
 * @param backoffFirst wait before the first retry of a job whose worker died; doubles with each crash
 * @param backoffMost the longest such wait
 * @param forgetWorkersAfter a worker that has not beaten for so long is no longer listed
 */
public record RelaySettings(
        Duration interval,
        Duration redispatchAfter,
        Duration workerTimeout,
        Duration rescueInterval,
        Duration rescueGrace,
        Duration backoffFirst,
        Duration backoffMost,
        Duration forgetWorkersAfter) {

    public static RelaySettings read(Settings settings) {
        return new RelaySettings(
                settings.duration(
                        "SAFELIGHT_RELAY_INTERVAL", "200ms", "how often the relay looks for jobs if nobody wakes it"),
                settings.duration(
                        "SAFELIGHT_REDISPATCH_AFTER", "30s", "a released job unclaimed for so long is released again"),
                settings.duration(
                        "SAFELIGHT_WORKER_TIMEOUT", "5s", "a worker silent for so long gets no jobs released for it"),
                settings.duration("SAFELIGHT_RESCUE_INTERVAL", "1s", "how often lapsed leases are looked for"),
                settings.duration(
                        "SAFELIGHT_RESCUE_GRACE",
                        "10s",
                        "after a start of Postgres, time for workers to renew leases that lapsed meanwhile"),
                settings.duration(
                        "SAFELIGHT_CRASH_BACKOFF",
                        "1s",
                        "wait before a job whose worker died is released again; doubles each time"),
                settings.duration("SAFELIGHT_CRASH_BACKOFF_MOST", "1m", "the longest such wait"),
                settings.duration(
                        "SAFELIGHT_FORGET_WORKERS_AFTER", "10m", "a worker silent for so long is no longer listed"));
    }
}
