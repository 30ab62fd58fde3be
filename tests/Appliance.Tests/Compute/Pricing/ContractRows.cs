using System.Diagnostics;
using System.Globalization;
using Appliance.Kernels.Pricing;

namespace Appliance.Tests.Compute;

/// <summary>Rows of the columns of `appliance greeks --in`, as the reference scripts print them.</summary>
internal static class ContractRows
{
    public static double Number(string[] header, string[] cells, string name)
    {
        string cell = cells[Array.IndexOf(header, name)];
        return cell == "" ? 0 : double.Parse(cell, CultureInfo.InvariantCulture);
    }

    public static (OptionContract, MarketModel) Read(string[] header, string[] cells)
    {
        string Text(string name) => cells[Array.IndexOf(header, name)];
        double N(string name) => Number(header, cells, name);
        var contract = new OptionContract
        {
            Kind = Enum.Parse<ContractKind>(Text("contract").Replace("-", ""), ignoreCase: true), Right = Enum.Parse<OptionRight>(Text("right"), ignoreCase: true),
            Spot = N("spot"), Strike = N("strike"), Expiry = N("expiry"), Barrier = N("barrier"), Rebate = N("rebate"), Cash = N("cash"), Extremum = N("extremum"),
            Fixings = (int)N("fixings"), ElapsedFixings = (int)N("elapsedFixings"), RunningAverage = N("runningAverage"),
        };
        var model = new MarketModel
        {
            Kind = Enum.Parse<ModelKind>(Text("model").Replace("-", ""), ignoreCase: true), Rate = N("rate"), Yield = N("yield"), Volatility = N("vol"), Kappa = N("kappa"), Theta = N("theta"),
            Xi = N("xi"), Rho = N("rho"), V0 = N("v0"), Lambda = N("lambda"), JumpMean = N("jumpMean"), JumpStdDev = N("jumpStdDev"),
        };
        return (contract, model);
    }
}

/// <summary>A script of tests/reference that prints contracts: TYPE COUNT SEED.</summary>
internal static class ReferenceScript
{
    public static string? PythonWith(string module) => new[] { "python3", "/usr/bin/python3" }.FirstOrDefault(python => CanImport(python, module));

    public static IEnumerable<string> Run(string python, string script, string type, int count, int seed)
    {
        string path = Find(Path.Combine("tests/reference", script));
        using Process process = Process.Start(new ProcessStartInfo(python, [path, type, count.ToString(CultureInfo.InvariantCulture), seed.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
        while (process.StandardOutput.ReadLine() is { } line) yield return line;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>A file of the repository, from the folder that the tests run in upwards.</summary>
    public static string Find(string path)
    {
        for (var folder = new DirectoryInfo(Environment.GetEnvironmentVariable("APPLIANCE_ROOT") ?? AppContext.BaseDirectory); folder != null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, path))) return Path.Combine(folder.FullName, path);
        throw new FileNotFoundException($"{path} was not found above the tests' folder");
    }

    private static bool CanImport(string python, string module)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(python, ["-c", $"import {module}"]) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
