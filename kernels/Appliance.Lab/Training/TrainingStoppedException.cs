namespace Appliance.Lab.Training;

/// <summary>Training cannot go on: what happened, in words. What was earned until then is in the run's result.</summary>
public sealed class TrainingStoppedException(string message) : Exception(message);
