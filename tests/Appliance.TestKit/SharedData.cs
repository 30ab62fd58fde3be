using Xunit;

namespace Appliance.TestKit;

/// <summary>Real recordings beside the checkout (<c>../shared/data</c>), which a fresh checkout need not have.</summary>
public static class SharedData
{
    /// <summary>The folder, or null when it is absent.</summary>
    public static string? Root { get; } = FindRoot();

    /// <summary>Finds a file or folder below the data folder.</summary>
    public static bool TryFind(string relative, out string path)
    {
        path = Root is null ? "" : Path.Combine(Root, relative);
        return Root is not null && (File.Exists(path) || Directory.Exists(path));
    }

    /// <summary>The path of what the test's SharedDataFact has already found.</summary>
    public static string Find(string relative) =>
        TryFind(relative, out string path) ? path : throw new FileNotFoundException($"../shared/data/{relative} is absent; the test needs [SharedDataFact].");

    private static string? FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(candidate)) return candidate;
        }
        return null;
    }
}

/// <summary>A fact that is skipped, saying so, when the recording it reads is absent.</summary>
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute(string relative)
    {
        if (!SharedData.TryFind(relative, out _)) Skip = $"../shared/data/{relative} is absent";
    }
}

/// <summary>A theory that is skipped, saying so, when the recordings it reads are absent.</summary>
public sealed class SharedDataTheoryAttribute : TheoryAttribute
{
    public SharedDataTheoryAttribute(string relative)
    {
        if (!SharedData.TryFind(relative, out _)) Skip = $"../shared/data/{relative} is absent";
    }
}
