namespace Appliance.Venue.Embedded;

internal enum ScriptStepKind : byte { Halt, Resume, Disconnect }

internal readonly record struct ScriptStep(double AtSeconds, ScriptStepKind Kind, int Instrument);

/// <summary>What the options say shall happen at stated seconds after the open, in order of time; random disconnects are drawn at the start and stand in the same list.</summary>
internal sealed class VenueScript
{
    /// <summary>Random disconnects are drawn this far ahead; a venue that runs longer has none after it.</summary>
    private const double DrawnSeconds = 86_400;

    private readonly ScriptStep[] _steps;
    private int _next;

    public VenueScript(VenueOptions options)
    {
        var steps = new List<ScriptStep>();
        foreach (ScriptedHalt halt in options.Halts)
        {
            int instrument = options.Instruments.First(i => i.Definition.Symbol == halt.Symbol).Definition.Index;
            steps.Add(new(halt.AtSeconds, ScriptStepKind.Halt, instrument));
            steps.Add(new(halt.AtSeconds + halt.ForSeconds, ScriptStepKind.Resume, instrument));
        }
        foreach (double at in options.DisconnectAtSeconds)
            steps.Add(new(at, ScriptStepKind.Disconnect, -1));
        if (options.DisconnectsPerMinute > 0)
        {
            var random = new VenueRandom(options.Seed ^ 0xD15C0AAC);
            double mean = 60.0 / options.DisconnectsPerMinute;
            for (double at = random.NextExponential() * mean; at < DrawnSeconds; at += random.NextExponential() * mean)
                steps.Add(new(at, ScriptStepKind.Disconnect, -1));
        }
        // Stable, so that steps of the same instant keep the order of the options.
        _steps = steps.OrderBy(s => s.AtSeconds).ToArray();
    }

    public bool TryTake(double secondsSinceOpen, out ScriptStep step)
    {
        step = default;
        if (_next == _steps.Length || _steps[_next].AtSeconds > secondsSinceOpen) return false;
        step = _steps[_next++];
        return true;
    }
}
