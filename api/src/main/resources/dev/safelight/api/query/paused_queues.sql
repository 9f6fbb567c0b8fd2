SELECT queue FROM queue WHERE state = 'paused'
