SELECT queue, state FROM queue WHERE state <> 'open'
