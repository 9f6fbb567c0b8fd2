DELETE FROM worker WHERE worker_id = :id
