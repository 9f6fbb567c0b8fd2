SELECT day, sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed, sum(canceled)::bigint AS canceled,
       sum(expired)::bigint AS expired, sum(images)::bigint AS images, sum(evaluations)::bigint AS evaluations,
       sum(device_seconds) AS device_seconds
FROM usage_day
WHERE tenant_id = :tenant_id AND day BETWEEN :from AND :to
GROUP BY day
-- What only came back to the queue before it took anything is no use of anything.
HAVING sum(succeeded + failed + canceled + expired + evaluations) > 0
ORDER BY day
