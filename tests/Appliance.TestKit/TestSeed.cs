namespace Appliance.TestKit;

/// <summary>The seed of tests whose cases rotate: another each run, which they print, or the one that APPLIANCE_SEED names to repeat a run.</summary>
public static class TestSeed
{
    public static int Rotating() => int.TryParse(Environment.GetEnvironmentVariable("APPLIANCE_SEED"), out int given) ? given : Environment.TickCount & 0xFFFFFF;
}
