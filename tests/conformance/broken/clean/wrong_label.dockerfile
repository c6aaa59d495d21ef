# It says that it is another stage.
LABEL stagecoach.stage="train"
