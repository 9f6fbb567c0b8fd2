SELECT EXISTS (
    SELECT FROM output_review
    WHERE tenant_id = :tenant_id AND job_id = :job_id AND ordinal = :ordinal AND verdict = 'withheld')
