using Appliance.TestKit;
using Xunit.Abstractions;

namespace Appliance.Tests.Fix;

/// <summary>How much the long tests run: everything with APPLIANCE_FULL=1, else a part; the seed rotates, is printed, and can be given as APPLIANCE_SEED.</summary>
internal static class SoakCounts
{
    public static bool Full { get; } = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1";

    public static int Seed(ITestOutputHelper output, long count)
    {
        int seed = TestSeed.Rotating();
        output.WriteLine($"{count:N0} cases, APPLIANCE_SEED={seed}");
        return seed;
    }
}
